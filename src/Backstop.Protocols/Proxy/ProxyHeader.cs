using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Backstop.Protocols.Proxy;

/// <summary>Whether the bytes received so far contain a PROXY header.</summary>
public enum ProxyStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>A whole header was taken.</summary>
    Complete,

    /// <summary>Not a PROXY header: drop the connection.</summary>
    Invalid,
}

/// <summary>
/// Reads the header in which a load balancer states the real client (haproxy's proxy-protocol, versions 1 and 2).
/// </summary>
public static class ProxyHeader
{
    /// <summary>The longest header of version 1, CRLF included.</summary>
    public const int MaxV1Length = 107;

    /// <summary>
    /// The longest header of version 2 that is read. The format allows 65,551 octets, but nobody sends so many.
    /// </summary>
    public const int MaxV2Length = 4096;

    private const int FixedV2Length = 16;

    private static ReadOnlySpan<byte> SignatureV2 => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Takes the header at the start of a connection.</summary>
    /// <param name="input">The octets received; those of the header are cut off.</param>
    /// <param name="client">The real client; null where the header says to use the peer (LOCAL, UNKNOWN, other families).</param>
    public static ProxyStatus TryRead(ref ReadOnlySequence<byte> input, out IPEndPoint? client)
    {
        client = null;
        var take = (int)Math.Min(input.Length, MaxV2Length);
        var bytes = input.FirstSpan.Length >= take ? input.FirstSpan[..take] : input.Slice(0, take).ToArray();
        if (bytes.IsEmpty)
        {
            return ProxyStatus.Incomplete;
        }

        var status = bytes[0] == 'P' ? ReadV1(bytes, out client, out var length) : ReadV2(bytes, out client, out length);
        if (status == ProxyStatus.Complete)
        {
            input = input.Slice(length);
        }

        return status;
    }

    private static ProxyStatus ReadV1(ReadOnlySpan<byte> bytes, out IPEndPoint? client, out int length)
    {
        client = null;
        length = 0;
        var prefix = "PROXY "u8;
        if (!prefix.StartsWith(bytes[..Math.Min(bytes.Length, prefix.Length)]))
        {
            return ProxyStatus.Invalid;
        }

        var end = bytes.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length >= MaxV1Length ? ProxyStatus.Invalid : ProxyStatus.Incomplete;
        }

        if (end + 2 > MaxV1Length)
        {
            return ProxyStatus.Invalid;
        }

        length = end + 2;
        var words = Encoding.ASCII.GetString(bytes[prefix.Length..end]).Split(' ');
        if (words[0] == "UNKNOWN")
        {
            return ProxyStatus.Complete;
        }

        if (words.Length != 5 || words[0] is not ("TCP4" or "TCP6") || !IPAddress.TryParse(words[1], out var source)
            || !IPAddress.TryParse(words[2], out _) || !TryPort(words[3], out var port) || !TryPort(words[4], out _)
            || (source.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork) != (words[0] == "TCP4"))
        {
            return ProxyStatus.Invalid;
        }

        client = new(source, port);
        return ProxyStatus.Complete;
    }

    // The specification forbids leading zeros.
    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out port)
        && (text.Length == 1 || text[0] != '0');

    private static ProxyStatus ReadV2(ReadOnlySpan<byte> bytes, out IPEndPoint? client, out int length)
    {
        client = null;
        length = 0;
        if (!SignatureV2.StartsWith(bytes[..Math.Min(bytes.Length, SignatureV2.Length)]))
        {
            return ProxyStatus.Invalid;
        }

        if (bytes.Length < FixedV2Length)
        {
            return ProxyStatus.Incomplete;
        }

        var command = bytes[12];
        length = FixedV2Length + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (command is not (0x20 or 0x21) || length > MaxV2Length)
        {
            return ProxyStatus.Invalid;
        }

        if (bytes.Length < length)
        {
            return ProxyStatus.Incomplete;
        }

        return command == 0x20 ? ProxyStatus.Complete : ReadV2Address(bytes[..length], out client);
    }

    private static ProxyStatus ReadV2Address(ReadOnlySpan<byte> header, out IPEndPoint? client)
    {
        client = null;
        var addresses = header[FixedV2Length..];
        switch (header[13])
        {
            case 0x11 when addresses.Length >= 12:
                client = new(new IPAddress(addresses[..4]), BinaryPrimitives.ReadUInt16BigEndian(addresses[8..]));
                return ProxyStatus.Complete;
            case 0x21 when addresses.Length >= 36:
                client = new(new IPAddress(addresses[..16]), BinaryPrimitives.ReadUInt16BigEndian(addresses[32..]));
                return ProxyStatus.Complete;
            case 0x11 or 0x21:
                return ProxyStatus.Invalid;
            default:
                return ProxyStatus.Complete;
        }
    }
}
