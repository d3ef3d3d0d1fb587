using System.Buffers;
using System.IO.Pipelines;

namespace Backstop.Server.Web;

/// <summary>Receives a message without keeping more of it than is looked at, however long it says it is.</summary>
internal static class ClassifyBody
{
    /// <summary>Reads a body to its end, or until it is too long.</summary>
    /// <param name="body">The body.</param>
    /// <param name="max">How long it may be.</param>
    /// <param name="keep">How much of its beginning is kept.</param>
    /// <param name="ct">Cancels the reading; what has been read by then is dropped.</param>
    /// <returns>Its beginning; null where it is too long: then the rest is not read.</returns>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(PipeReader body, long max, int keep, CancellationToken ct)
    {
        var kept = new ArrayBufferWriter<byte>();
        var length = 0L;
        while (true)
        {
            var read = await body.ReadAsync(ct);
            length += read.Buffer.Length;
            if (length <= max)
            {
                Keep(read.Buffer, kept, keep);
            }

            body.AdvanceTo(read.Buffer.End);
            if (length > max)
            {
                return null;
            }

            if (read.IsCompleted)
            {
                return kept.WrittenMemory;
            }
        }
    }

    private static void Keep(ReadOnlySequence<byte> octets, ArrayBufferWriter<byte> kept, int keep)
    {
        foreach (var segment in octets.Slice(0, Math.Min(octets.Length, keep - kept.WrittenCount)))
        {
            kept.Write(segment.Span);
        }
    }
}
