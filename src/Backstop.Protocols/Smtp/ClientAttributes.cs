using System.Net;
using System.Text;

namespace Backstop.Protocols.Smtp;

/// <summary>
/// The real client, as stated by the server before us: Postfix's XFORWARD (for one transaction) and XCLIENT (for the
/// rest of the session).
/// </summary>
/// <param name="Values">Attributes by their names in capitals; null if the server states that it does not know the
/// value.</param>
public sealed record ClientAttributes(IReadOnlyDictionary<string, string?> Values)
{
    private const int MaxValue = 255;

    private static readonly string[] _known = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE", "LOGIN", "DESTADDR", "DESTPORT"];

    /// <summary>The client's IP address; null if it is missing or not an IP address.</summary>
    public IPAddress? Address =>
        Value("ADDR") is { } text
            && IPAddress.TryParse(text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? text[5..] : text, out var address)
            ? address
            : null;

    /// <summary>Returns a value, or null if it is missing or unknown.</summary>
    /// <param name="name">The attribute's name in capitals.</param>
    public string? Value(string name) => Values.GetValueOrDefault(name);

    /// <summary>Parses the arguments of XFORWARD or XCLIENT; null if one is unknown, too long or not xtext.</summary>
    /// <param name="text">What follows the verb.</param>
    public static ClientAttributes? TryParse(ReadOnlySpan<byte> text)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var word in Encoding.UTF8.GetString(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = equals > 0 ? word[..equals].ToUpperInvariant() : "";
            if (!_known.Contains(name) || XText.Decode(word.AsSpan(equals + 1)) is not { Length: <= MaxValue } value
                || value.Any(char.IsControl))
            {
                return null;
            }

            values[name] = value is "[UNAVAILABLE]" or "[TEMPUNAVAIL]" ? null : value;
        }

        return values.Count > 0 ? new(values) : null;
    }

    /// <summary>Formats the arguments as in the command, values in xtext.</summary>
    public override string ToString() =>
        string.Join(' ', Values.Select(v => $"{v.Key}={(v.Value is null ? "[UNAVAILABLE]" : XText.Encode(v.Value))}"));
}
