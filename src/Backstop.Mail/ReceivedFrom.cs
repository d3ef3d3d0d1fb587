using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Backstop.Mail;

/// <summary>The host that handed a message to our own servers, as their Received fields tell it.</summary>
/// <param name="Host">Its name; its address where it has none.</param>
/// <param name="Address">Its address.</param>
internal sealed record ReceivedFrom(string Host, IPAddress Address)
{
    // An address of the newer kind with its prefix and a zone.
    private const int LongestAddress = 128;

    // Our own hops (a filter, a fetcher, a delivery agent) come first and have addresses of their own net.
    private const int MaxHops = 8;

    private static readonly SearchValues<char> _neverInNames = SearchValues.Create("[]()<>@ =\"");

    /// <summary>Reads it from a message's strict header: a line that mail servers take for body names no host.</summary>
    /// <param name="message">The message.</param>
    public static ReceivedFrom? Read(MailMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Read(message.Octets.Span, message.StrictFields);
    }

    /// <summary>
    /// Reads it: the newest Received field that names an address of the public network. What lies below that field was written by others.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="fields">Its header fields.</param>
    public static ReceivedFrom? Read(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var hops = 0;
        foreach (var field in fields)
        {
            if (!field.Is(message, "Received"u8))
            {
                continue;
            }

            if (Parse(field.Body(message)) is { } from && IsPublic(from.Address))
            {
                return from;
            }

            if (++hops == MaxHops)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>
    /// Reads the from clause of a Received field (RFC 5321 §4.4) as Postfix, Sendmail, Exim, qmail and Exchange write it.
    /// </summary>
    /// <param name="body">The field's unfolded body.</param>
    public static ReceivedFrom? Parse(string body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (!body.StartsWith("from", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var by = body.IndexOf(" by ", StringComparison.OrdinalIgnoreCase);
        var clause = by < 0 ? body : body[..by];
        foreach (var (open, close) in new[] { ('[', ']'), ('(', ')') })
        {
            var end = clause.IndexOf(close, StringComparison.Ordinal);
            for (var at = clause.IndexOf(open, StringComparison.Ordinal); at >= 0 && end >= 0; at = clause.IndexOf(open, at + 1))
            {
                end = end < at ? clause.IndexOf(close, at) : end;
                if (end > at && end - at <= LongestAddress && AddressIn(clause.AsSpan(at + 1, end - at - 1)) is { } address)
                {
                    return new(NameBefore(clause, at) ?? NameAfterFrom(clause) ?? address.ToString(), address);
                }
            }
        }

        return null;
    }

    /// <summary>Whether an address belongs to the public network: not to a host itself, a home or a company.</summary>
    /// <param name="address">The address.</param>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return !(
                IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal || address.Equals(IPAddress.IPv6Any));
        }

        Span<byte> b = stackalloc byte[4];
        return address.TryWriteBytes(b, out _) && b switch
        {
            [0 or 10 or 127, ..] or [192, 168, ..] or [169, 254, ..] or [>= 224, ..] => false,
            [172, >= 16 and < 32, ..] or [100, >= 64 and < 128, ..] => false,
            _ => true,
        };
    }

    private static IPAddress? AddressIn(ReadOnlySpan<char> text)
    {
        text = text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? text[5..] : text;

        // "1.2.3" is an address to .NET, and a version number to people.
        return (text.Contains(':') || text.Count('.') == 3) && IPAddress.TryParse(text, out var address)
            ? address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address
            : null;
    }

    // "(rdns.example [1.2.3.4])": what the receiving server has looked up itself.
    private static string? NameBefore(string clause, int at)
    {
        var open = clause.LastIndexOf('(', at);
        return open >= 0 && open < at ? Name(clause.AsSpan(open + 1, at - open - 1).Trim()) : null;
    }

    private static string? NameAfterFrom(string clause)
    {
        var rest = clause.AsSpan(4).TrimStart();
        var end = rest.IndexOfAny(" \t(;");
        return Name(end < 0 ? rest : rest[..end]);
    }

    private static string? Name(ReadOnlySpan<char> text) =>
        text.Contains('.') && !text.ContainsAny(_neverInNames) && !text.StartsWith("unknown", StringComparison.OrdinalIgnoreCase)
            ? text.TrimEnd('.').ToString().ToLowerInvariant()
            : null;
}
