using System.Buffers;
using System.IO.Pipelines;

namespace Backstop.Server.Web;

/// <summary>Reads a request's message, and keeps no more of it than is judged, however long it claims to be.</summary>
internal static class ClassifyBody
{
    private const int FirstSize = 64 << 10;

    /// <summary>Reads a body to its end, or until it is too long.</summary>
    /// <param name="body">The request's body, read to its end or to the limit.</param>
    /// <param name="max">The most octets it may have.</param>
    /// <param name="keep">How many octets of its beginning are kept.</param>
    /// <param name="length">The announced length; null for none.</param>
    /// <param name="ct">Cancels the reading and drops what was read.</param>
    /// <returns>The beginning; null where the body is too long, and then its rest is not read.</returns>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(PipeReader body, long max, int keep, long? length, CancellationToken ct)
    {
        // The buffer doubles, so a power of two makes it end at exactly what is kept.
        var kept = new ArrayBufferWriter<byte>((int)Math.Clamp(length ?? FirstSize, 1, keep));
        var read = 0L;
        while (true)
        {
            var result = await body.ReadAsync(ct);
            read += result.Buffer.Length;
            if (read <= max)
            {
                Keep(result.Buffer, kept, keep);
            }

            body.AdvanceTo(result.Buffer.End);
            if (read > max)
            {
                return null;
            }

            if (result.IsCompleted)
            {
                return kept.WrittenMemory;
            }
        }
    }

    private static void Keep(ReadOnlySequence<byte> octets, ArrayBufferWriter<byte> kept, int keep)
    {
        // A full writer must not grow.
        if (octets.IsEmpty || kept.WrittenCount >= keep)
        {
            return;
        }

        foreach (var segment in octets.Slice(0, Math.Min(octets.Length, keep - kept.WrittenCount)))
        {
            kept.Write(segment.Span);
        }
    }
}
