using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using Backstop.Protocols.Spamd;

namespace Backstop.Server.Spamd;

/// <summary>The message of a request to spamd, read within bounds.</summary>
internal static class SpamdBody
{
    // Memory follows what came, not what was announced.
    private const int MaxAtOnce = 64 << 10;

    private static readonly byte[] _noMemory = SpamdReply.Unavailable("too many messages at once, try again");

    /// <summary>Reads the message: as long as was announced, or until the client closes its side.</summary>
    /// <param name="input">What the client sends.</param>
    /// <param name="announced">The Content-length; null where the client gave none.</param>
    /// <param name="limit">The most octets that are accepted.</param>
    /// <param name="memory">The memory of the message.</param>
    /// <param name="pace">Ends the wait for a slow client.</param>
    /// <returns>The octets, or the reply that says what is wrong.</returns>
    public static async Task<(byte[]? Body, byte[]? Refusal)> ReadAsync(
        PipeReader input, long? announced, long limit, SpamdMemory.Holding memory, SpamdPace pace)
    {
        if (announced > limit)
        {
            return (null, TooLarge(limit));
        }

        // Drained as it comes: the pipe holds only what its own limit lets in.
        using var body = new MemoryStream((int)Math.Min(announced ?? 0, MaxAtOnce));
        while (true)
        {
            var read = await input.ReadAsync(pace.Token);
            var came = read.Buffer.Length;
            if (!memory.TryHold(body.Length + came))
            {
                return (null, _noMemory);
            }

            pace.Came(came);
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
                    : (null, SpamdReply.Wrong(string.Create(
                        CultureInfo.InvariantCulture, $"(Content-Length mismatch: Expected {expected} bytes, got {got} bytes)")));
            }

            if (read.IsCompleted)
            {
                return (body.ToArray(), null);
            }
        }
    }

    /// <summary>
    /// Decompresses zlib data (RFC 1950) that stays within the limit. Truncated data is refused, because half a message must not be judged.
    /// </summary>
    /// <param name="body">What the client sent.</param>
    /// <param name="limit">The most octets that are accepted.</param>
    /// <param name="memory">The memory of the message.</param>
    public static (byte[]? Body, byte[]? Refusal) Inflate(byte[] body, long limit, SpamdMemory.Holding memory)
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

                if (!memory.TryHold(body.Length + inflated.Length))
                {
                    return (null, _noMemory);
                }
            }
        }
        catch (InvalidDataException)
        {
            return (null, SpamdReply.Wrong("(message is not zlib data)"));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // .NET reports no error for truncated data.
        return HasCheckValue(body, inflated)
            ? (inflated.ToArray(), null)
            : (null, SpamdReply.Unavailable("(zlib data is truncated)"));
    }

    // RFC 1950 §2.2: Adler-32 of what was compressed stands behind it, most significant octet first.
    private static bool HasCheckValue(byte[] body, MemoryStream inflated)
    {
        const int modulus = 65521;
        const int termsWithoutOverflow = 3800;
        var (low, high) = (1u, 0u);
        var octets = inflated.GetBuffer().AsSpan(0, (int)inflated.Length);
        while (!octets.IsEmpty)
        {
            var part = octets[..Math.Min(octets.Length, termsWithoutOverflow)];
            foreach (var octet in part)
            {
                low += octet;
                high += low;
            }

            (low, high) = (low % modulus, high % modulus);
            octets = octets[part.Length..];
        }

        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(value, (high << 16) | low);
        return body.Length >= 8 && body.AsSpan(2).IndexOf(value) >= 0;
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

    private static byte[] TooLarge(long limit) =>
        SpamdReply.Wrong(string.Create(CultureInfo.InvariantCulture, $"(message larger than {limit} bytes)"));
}
