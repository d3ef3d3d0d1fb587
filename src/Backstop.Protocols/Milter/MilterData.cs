using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Backstop.Mail;

namespace Backstop.Protocols.Milter;

/// <summary>Reads the data of packets: strings end in NUL, numbers are in network order.</summary>
/// <remarks>
/// Strings stay octets because their encoding is unknown: they must be judged and sent back unchanged. Only what is
/// compared with fixed words becomes text.
/// </remarks>
public static class MilterData
{
    // A server sends a handful; no configuration needs more.
    private const int MaxStrings = 400;

    /// <summary>Reads all strings: the arguments of MAIL and RCPT, the name and value of a field, the name in HELO.</summary>
    /// <param name="data">The packet's data.</param>
    /// <exception cref="FormatException">The last string has no NUL, or there are too many.</exception>
    public static IReadOnlyList<byte[]> Strings(ReadOnlySpan<byte> data)
    {
        var strings = new List<byte[]>(2);
        while (!data.IsEmpty)
        {
            strings.Add(String(ref data).ToArray());
            if (strings.Count > MaxStrings)
            {
                throw new FormatException("a packet with too many strings");
            }
        }

        return strings;
    }

    /// <summary>Reads macros: the event they belong to, and their names and values; names without braces.</summary>
    /// <param name="data">The packet's data.</param>
    /// <exception cref="FormatException">The data has no event, or a string has no NUL.</exception>
    public static (MilterEvent For, IReadOnlyList<KeyValuePair<string, string>> Values) Macros(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            throw new FormatException("macros without an event");
        }

        var strings = Strings(data[1..]);
        var values = new List<KeyValuePair<string, string>>(strings.Count / 2);
        for (var i = 0; i + 1 < strings.Count; i += 2)
        {
            values.Add(new(HeaderText.ToText(strings[i]).TrimStart('{').TrimEnd('}'), HeaderText.ToText(strings[i + 1])));
        }

        return ((MilterEvent)data[0], values);
    }

    /// <summary>Reads the name and address of the client; the address is null for a Unix socket or an unknown client.</summary>
    /// <param name="data">The packet's data.</param>
    /// <exception cref="FormatException">The data ends too early.</exception>
    public static (string HostName, IPEndPoint? Client) Connect(ReadOnlySpan<byte> data)
    {
        var name = HeaderText.ToText(String(ref data));
        if (data.IsEmpty)
        {
            throw new FormatException("a connect event without a family");
        }

        var family = data[0];
        data = data[1..];
        if (family is not ((byte)'4' or (byte)'6'))
        {
            return (name, null);
        }

        if (data.Length < 2)
        {
            throw new FormatException("a connect event without a port");
        }

        var port = BinaryPrimitives.ReadUInt16BigEndian(data);
        data = data[2..];
        var text = HeaderText.ToText(String(ref data));

        // Sendmail writes IPv6:2001:db8::1.
        text = text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? text[5..] : text;
        return (name, IPAddress.TryParse(text, out var address)
            && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 ? new(address, port) : null);
    }

    private static ReadOnlySpan<byte> String(ref ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf((byte)0);
        if (end < 0)
        {
            throw new FormatException("a string without the NUL that ends it");
        }

        var octets = data[..end];
        data = data[(end + 1)..];
        return octets;
    }
}
