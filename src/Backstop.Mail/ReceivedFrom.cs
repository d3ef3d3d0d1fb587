using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Backstop.Mail;

/// <summary>The host that handed a message to our own servers, according to their Received fields.</summary>
/// <param name="Host">Its name, or its address if it has no name.</param>
/// <param name="Address">The IP address that the field states.</param>
internal sealed record ReceivedFrom(string Host, IPAddress Address)
{
    // The longest address: IPv6 with the prefix "IPv6:" and a zone.
    private const int LongestAddress = 128;

    // Our own hops (filter, fetcher, delivery agent) come first; their addresses are private or loopback.
    private const int MaxHops = 8;

    private static readonly SearchValues<char> _neverInNames = SearchValues.Create("[]()<>@ =\"");

    /// <summary>
    /// Reads the host from a message's strict header fields: a line that mail servers take for body is ignored.
    /// </summary>
    /// <param name="message">The whole message, or its header.</param>
    public static ReceivedFrom? Read(MailMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Read(message.Octets.Span, message.StrictFields);
    }

    /// <summary>
    /// Reads the host from the newest Received field with a public address. Fields below it were written by others and
    /// may be forged.
    /// </summary>
    /// <param name="message">The octets that were scanned.</param>
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

    /// <summary>Whether an address is public, that is neither loopback nor private nor link-local.</summary>
    /// <param name="address">IPv4 or IPv6.</param>
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

        // .NET parses "1.2.3" as an address; in a Received field it is a version number.
        return (text.Contains(':') || text.Count('.') == 3) && IPAddress.TryParse(text, out var address)
            ? address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address
            : null;
    }

    // "(rdns.example [1.2.3.4])": the result of the receiving server's own lookup.
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
