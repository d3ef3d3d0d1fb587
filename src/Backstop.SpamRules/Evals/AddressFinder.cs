namespace Backstop.SpamRules.Evals;

/// <summary>An address in running text: its place, and where its top-level domain begins.</summary>
internal readonly record struct FoundAddress(int Start, int TopLevel, int End);

/// <summary>
/// Finds mail addresses in running text as SpamAssassin does (FreeMail.pm, email_regex): atoms of up to 64 octets, up to five domain
/// labels. Each octet is looked at a fixed number of times: what belongs to an address ends at its at sign.
/// </summary>
internal static class AddressFinder
{
    private const int MaxAtoms = 21;
    private const int MaxAtom = 64;
    private const int MaxLabels = 4;
    private const int MaxLabel = 61;

    public static IEnumerable<FoundAddress> Find(string text)
    {
        var done = 0;
        for (var at = text.IndexOf('@', StringComparison.Ordinal); at >= 0; at = text.IndexOf('@', at + 1))
        {
            if (Start(text, at, done) is >= 0 and var start && ReadDomain(text, at + 1, out var topLevel, out var end))
            {
                done = end;
                yield return new(start, topLevel, end);
            }
        }
    }

    // The first of the atoms before the at sign; -1 for none.
    private static int Start(string text, int at, int done)
    {
        var start = -1;
        for (var atoms = 0; atoms < MaxAtoms; atoms++)
        {
            var first = at;
            while (first > 0 && IsAtom(text[first - 1]) && at - first <= MaxAtom)
            {
                first--;
            }

            if (first < done || at - first is 0 or > MaxAtom)
            {
                break;
            }

            start = first;
            if (first == 0 || text[first - 1] != '.')
            {
                break;
            }

            at = first - 1;
        }

        return start;
    }

    private static bool ReadDomain(string text, int at, out int topLevel, out int end)
    {
        (topLevel, end) = (at, at);
        for (var labels = 0; labels <= MaxLabels; labels++)
        {
            topLevel = end;
            while (end < text.Length && IsLabel(text[end]))
            {
                end++;
            }

            if (end == topLevel)
            {
                return false;
            }

            if (end + 1 >= text.Length || text[end] != '.' || !char.IsAsciiLetterOrDigit(text[end + 1]))
            {
                return labels > 0;
            }

            if (end - topLevel > MaxLabel || text[topLevel] == '-' || text[end - 1] == '-')
            {
                return false;
            }

            end++;
        }

        return false;
    }

    private static bool IsLabel(char c) => char.IsAsciiLetterOrDigit(c) || c == '-';

    private static bool IsAtom(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+/=?^_`{|}~-".Contains(c);
}
