using System.Globalization;
using System.Text;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Extracts Message-IDs without their brackets, the form in which they are compared. RFC 5322 §3.6.4, read leniently.
/// </summary>
internal static class MessageIds
{
    private const int MaxReferences = 20;

    /// <summary>The first id in a field body, or null.</summary>
    /// <param name="body">An unfolded field body.</param>
    public static string? First(string? body) => All(body).FirstOrDefault();

    /// <summary>
    /// The id of a Message-ID field: the text in brackets, or without brackets the whole text; null if empty.
    /// </summary>
    /// <param name="body">An unfolded field body.</param>
    public static string? Only(string? body) =>
        string.IsNullOrWhiteSpace(body) ? null
        : First(body) ?? (body.Trim().Trim('<', '>') is { Length: > 0 } id && !id.Contains(' ', StringComparison.Ordinal) ? id : null);

    /// <summary>
    /// The envelope id (RFC 3461 §4.4), if the sender used the Message-ID as one; null for other ids, such as a queue
    /// number.
    /// </summary>
    /// <param name="body">The body of Original-Envelope-Id, RFC 3464 §2.2.1.</param>
    internal static string? OfEnvelope(string? body)
    {
        // RFC 3461 §4: in SMTP the id is xtext. Some servers copy it into the report undecoded; an id may contain "+",
        // so only the brackets show whether to decode it.
        var isEncoded = body?.StartsWith("+3C", StringComparison.OrdinalIgnoreCase) == true;
        var id = Only(isEncoded ? FromXtext(body!) : body);
        return id?.IndexOf('@', StringComparison.Ordinal) is { } at && at > 0 && at < id.Length - 1 ? id : null;
    }

    /// <summary>The ids in a field body, at most twenty.</summary>
    /// <param name="body">An unfolded field body.</param>
    public static IEnumerable<string> All(string? body)
    {
        if (string.IsNullOrWhiteSpace(body))
        {
            yield break;
        }

        if (!body.Contains('<', StringComparison.Ordinal))
        {
            var word = body.Trim().Split(' ', 2)[0];
            if (word.Contains('@', StringComparison.Ordinal))
            {
                yield return word;
            }

            yield break;
        }

        var at = 0;
        for (var count = 0; count < MaxReferences; count++)
        {
            var open = body.IndexOf('<', at);
            var close = open < 0 ? -1 : body.IndexOf('>', open);
            if (close < 0)
            {
                yield break;
            }

            if (body[(open + 1)..close].Trim() is { Length: > 0 } id)
            {
                yield return id;
            }

            at = close + 1;
        }
    }

    private static string FromXtext(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '+'
                && byte.TryParse(
                text.AsSpan(at + 1, Math.Min(2, text.Length - at - 1)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out var octet))
            {
                plain.Append((char)octet);
                at += 2;
            }
            else
            {
                plain.Append(text[at]);
            }
        }

        return plain.ToString();
    }
}
