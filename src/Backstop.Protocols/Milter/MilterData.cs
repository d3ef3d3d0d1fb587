using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Backstop.Mail;

namespace Backstop.Protocols.Milter;

/// <summary>Reads the data of packets: strings end in NUL, numbers are in network order.</summary>
/// <remarks>
/// A string is octets in whatever encoding a stranger chose: what is judged and told back must be the same octets. Only what is
/// compared with words of ours is text.
/// </remarks>
public static class MilterData
{
    // A server sends a handful; more is nobody's configuration.
    private const int MaxStrings = 400;

    /// <summary>All strings: the arguments of MAIL and RCPT, the name and value of a field, the name in HELO.</summary>
    /// <param name="data">The packet's data.</param>
    /// <exception cref="FormatException">The last one does not end.</exception>
    public static IReadOnlyList<byte[]> Strings(ReadOnlySpan<byte> data)
    {
        var strings = new List<byte[]>(2);
        while (!data.IsEmpty)
        {
            strings.Add(String(ref data).ToArray());
            if (strings.Count > MaxStrings)
            {
                throw new FormatException("too many strings in a packet");
            }
        }

        return strings;
    }

    /// <summary>Macros: the event they belong to, and names with values; names without their braces.</summary>
    /// <param name="data">The packet's data.</param>
    /// <exception cref="FormatException">They are none.</exception>
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

    /// <summary>Who connected: the name, and the address; null where it is none of IP (a Unix socket, or unknown).</summary>
    /// <param name="data">The packet's data.</param>
    /// <exception cref="FormatException">It is none.</exception>
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
        return (name, IPAddress.TryParse(text, out var address) && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 ? new(address, port) : null);
    }

    private static ReadOnlySpan<byte> String(ref ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf((byte)0);
        if (end < 0)
        {
            throw new FormatException("a string without its end");
        }

        var octets = data[..end];
        data = data[(end + 1)..];
        return octets;
    }
}
