using System.Buffers;
using System.IO.Pipelines;

namespace Backstop.Server.Web;

/// <summary>Receives a message without keeping more of it than is looked at, however long it says it is.</summary>
internal static class ClassifyBody
{
    private const int FirstSize = 64 << 10;

    /// <summary>Reads a body to its end, or until it is too long.</summary>
    /// <param name="body">The body.</param>
    /// <param name="max">How long it may be.</param>
    /// <param name="keep">How much of its beginning is kept.</param>
    /// <param name="length">How long it says that it is, or null.</param>
    /// <param name="ct">Cancels the reading; what has been read by then is dropped.</param>
    /// <returns>Its beginning; null where it is too long: then the rest is not read.</returns>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(PipeReader body, long max, int keep, long? length, CancellationToken ct)
    {
        // Doubled from a power of two it ends at what is kept, not above it.
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
        // The writer grows for nothing where it is full.
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
