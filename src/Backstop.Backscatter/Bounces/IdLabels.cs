using System.Buffers;
using System.Collections.Frozen;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Finds the returned Message-ID where a server writes it into its text, such as Exchange's "Message ID: &lt;...&gt;"
/// under "Original message details"; the labels are in <c>idlabels.tsv</c>. Lines behind &gt; or | are read too,
/// because some servers indent their own words so; the returned message below is read as a header.
/// </summary>
internal static class IdLabels
{
    private const int MaxLines = 1000;
    private const int MaxColons = 4;

    // The number of words in the longest label; other words may precede it: "Your message with Message ID".
    private const int MaxWords = 5;

    // HTML tables have the id in the next cell, which becomes a line of its own, with empty lines in between.
    private const int MaxGap = 3;

    // RFC 5322 §2.1.1: a line has at most 998 octets, and an id cannot be folded.
    private const int MaxId = 998;

    private static readonly FrozenSet<string> _labels = TableFile.Read("idlabels.tsv").Select(r => r[1])
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup =
        _labels.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly int _longest = _labels.Max(l => l.Length);
    private static readonly SearchValues<char> _colons = SearchValues.Create(":\uFF1A");
    private static readonly SearchValues<char> _wordStarts = SearchValues.Create(" \t\u00A0\u3000([\"'");
    private static readonly SearchValues<char> _idEnds = SearchValues.Create(" \t\r\u00A0\u3000<>()[],;\"'");

    /// <summary>Returns the id behind the first label that has one, or null.</summary>
    /// <param name="text">The text that the reporting server wrote.</param>
    public static string? Find(ReadOnlySpan<char> text)
    {
        var lines = 0;
        var gap = MaxGap;
        foreach (var range in text.Split('\n'))
        {
            if (++lines > MaxLines)
            {
                return null;
            }

            var line = Unquoted(text[range]);
            if (line.IsEmpty)
            {
                gap++;
                continue;
            }

            // Without brackets it may as well be an address.
            if (gap < MaxGap && line[0] == '<' && Id(line) is { } below)
            {
                return below;
            }

            gap = MaxGap;
            if (TryAfterLabel(line, out var rest))
            {
                if (Id(rest) is { } beside)
                {
                    return beside;
                }

                gap = rest.IsEmpty ? 0 : MaxGap;
            }
        }

        return null;
    }

    /// <summary>Whether a line begins with such a label: then an apparent address in it is an id.</summary>
    public static bool Begin(ReadOnlySpan<char> line)
    {
        line = Unquoted(line);
        var colon = line.IndexOfAny(_colons);
        return colon > 0 && _lookup.Contains(line[..colon].TrimEnd());
    }

    private static ReadOnlySpan<char> Unquoted(ReadOnlySpan<char> line) => line.TrimStart(" \t>|*-\u2022").TrimEnd();

    private static bool TryAfterLabel(ReadOnlySpan<char> line, out ReadOnlySpan<char> rest)
    {
        var at = 0;
        for (var colons = 0; colons < MaxColons; colons++)
        {
            var colon = line[at..].IndexOfAny(_colons);
            if (colon < 0)
            {
                break;
            }

            at += colon + 1;
            if (EndsInLabel(line[..(at - 1)].TrimEnd()))
            {
                rest = line[at..].Trim();
                return true;
            }
        }

        rest = default;
        return false;
    }

    // "(Message-ID" and "Your mail with Message ID" count, but "Resent-Message-ID" is another id.
    private static bool EndsInLabel(ReadOnlySpan<char> before)
    {
        var start = before.Length;
        for (var words = 0; words < MaxWords && start > 0; words++)
        {
            start = before[..start].TrimEnd().LastIndexOfAny(_wordStarts) + 1;
            if (before.Length - start > _longest)
            {
                return false;
            }

            if (_lookup.Contains(before[start..]))
            {
                return true;
            }

            start--;
        }

        return false;
    }

    // A queue number is not a Message-ID; every id worth comparing contains an @.
    private static string? Id(ReadOnlySpan<char> text)
    {
        text = text.TrimStart(" \t\u00A0\u3000([\"'");
        var isBracketed = text.StartsWith("<");
        text = isBracketed ? text[1..] : text;
        var end = text.IndexOfAny(_idEnds);
        if (isBracketed && (end < 0 || text[end] is not ('>' or '<')))
        {
            return null;
        }

        var id = end < 0 ? text : text[..end];
        id = isBracketed ? id : id.TrimEnd(".:!?");
        var at = id.IndexOf('@');
        return at > 0 && at < id.Length - 1 && id.Length <= MaxId ? id.ToString() : null;
    }
}
