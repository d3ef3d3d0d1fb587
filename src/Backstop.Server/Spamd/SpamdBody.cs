using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;

namespace Backstop.Server.Spamd;

/// <summary>The message of a request to spamd, read within bounds.</summary>
internal static class SpamdBody
{
    // Memory follows what came, not what was announced.
    private const int MaxAtOnce = 256 << 10;

    /// <summary>Reads it: as long as was announced, or until the client closes its side.</summary>
    /// <param name="input">What the client sends.</param>
    /// <param name="announced">Content-length; null where it was not said.</param>
    /// <param name="limit">Octets that are taken.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <returns>The octets, or in words what is wrong.</returns>
    public static async Task<(byte[]? Body, string? Error)> ReadAsync(PipeReader input, long? announced, long limit, CancellationToken ct)
    {
        if (announced > limit)
        {
            return (null, TooLarge(limit));
        }

        // Drained as it comes: the pipe holds only what its own limit lets in.
        using var body = new MemoryStream((int)Math.Min(announced ?? 0, MaxAtOnce));
        while (true)
        {
            var read = await input.ReadAsync(ct);
            foreach (var segment in read.Buffer)
            {
                body.Write(segment.Span);
            }

            input.AdvanceTo(read.Buffer.End);
            if (body.Length > limit)
            {
                return (null, TooLarge(limit));
            }

            if (announced is { } expected && (body.Length >= expected || read.IsCompleted))
            {
                var got = LengthRead(body, expected);
                return got == expected
                    ? (body.ToArray(), null)
                    : (
                    null,
                    string.Create(CultureInfo.InvariantCulture, $"(Content-Length mismatch: Expected {expected} bytes, got {got} bytes)"));
            }

            if (read.IsCompleted)
            {
                return (body.ToArray(), null);
            }
        }
    }

    /// <summary>Undoes zlib (RFC 1950), if it stays within the limit.</summary>
    public static (byte[]? Body, string? Error) Inflate(byte[] body, long limit)
    {
        using var inflated = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            using var zlib = new ZLibStream(new MemoryStream(body), CompressionMode.Decompress);
            for (int count; (count = zlib.Read(buffer)) > 0;)
            {
                inflated.Write(buffer, 0, count);
                if (inflated.Length > limit)
                {
                    return (null, TooLarge(limit));
                }
            }

            return (inflated.ToArray(), null);
        }
        catch (InvalidDataException)
        {
            return (null, "(message is not zlib data)");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // spamd reads lines until it has enough, so it names the end of the line in which the announced length lies.
    private static long LengthRead(MemoryStream body, long expected)
    {
        if (body.Length <= expected || (expected > 0 && body.GetBuffer()[expected - 1] == '\n'))
        {
            return Math.Min(body.Length, expected);
        }

        var end = body.GetBuffer().AsSpan((int)expected, (int)(body.Length - expected)).IndexOf((byte)'\n');
        return end < 0 ? body.Length : expected + end + 1;
    }

    private static string TooLarge(long limit) => string.Create(CultureInfo.InvariantCulture, $"(message larger than {limit} bytes)");
}
