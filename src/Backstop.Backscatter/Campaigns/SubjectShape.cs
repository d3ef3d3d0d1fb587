using System.Text;

namespace Backstop.Backscatter.Campaigns;

/// <summary>The common part of the subjects of one mailing, although each subject contains a number of its own.</summary>
internal static class SubjectShape
{
    private const int MaxLength = 80;

    // Prefixes of people, responders and filters. In lower case.
    private static readonly string[] _prefixes =
    [
        "re", "aw", "sv", "antw", "fw", "fwd", "wg", "tr", "rv", "enc", "ynt", "odp", "vs", "auto", "autoreply", "auto-reply",
        "auto reply", "automatic reply",
        "out of office", "out of office autoreply", "out-of-office", "automatische antwort", "abwesenheitsnotiz", "abwesend",
        "réponse automatique", "absence du bureau",
        "respuesta automática", "fuera de oficina", "risposta automatica", "fuori ufficio", "automatisch antwoord", "afwezig",
        "resposta automática", "vacation", "away",
        "undeliverable", "undelivered", "unzustellbar", "non remis", "no se puede entregar", "delivery failure", "failure",
    ];

    /// <summary>
    /// Returns the shape: lower case, prefixes removed, digits as <c>#</c>, at most 80 characters; empty if nothing is
    /// left.
    /// </summary>
    /// <param name="subject">A decoded subject.</param>
    public static string Of(string subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var shape = new StringBuilder();
        foreach (var c in WithoutPrefixes(subject))
        {
            if (shape.Length >= MaxLength)
            {
                break;
            }

            var next = char.IsDigit(c) ? '#' : char.IsWhiteSpace(c) || char.IsControl(c) ? ' ' : char.ToLowerInvariant(c);
            var last = shape.Length > 0 ? shape[^1] : ' ';
            if (!(next is '#' or ' ' && last == next))
            {
                shape.Append(next);
            }
        }

        return shape.ToString().TrimEnd();
    }

    /// <summary>Returns the subject without its prefixes.</summary>
    /// <param name="subject">A decoded subject.</param>
    public static ReadOnlySpan<char> WithoutPrefixes(string subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var rest = subject.AsSpan().Trim();
        while (true)
        {
            var cut = rest is ['[', ..] or ['{', ..] ? rest.IndexOfAny(']', '}') : Prefix(rest);
            if (cut <= 0)
            {
                return rest;
            }

            rest = rest[(cut + 1)..].TrimStart();
        }
    }

    // Returns the offset of the colon behind a known prefix, or -1.
    private static int Prefix(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOfAny(':', '：');
        var word = colon > 0 ? text[..colon].TrimEnd() : [];
        foreach (var prefix in _prefixes)
        {
            if (word.Equals(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return colon;
            }
        }

        return -1;
    }
}
