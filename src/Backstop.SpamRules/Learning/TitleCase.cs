namespace Backstop.SpamRules.Learning;

/// <summary>Lowers capitals at the start of a sentence as SpamAssassin does (Plugin/Bayes.pm, IGNORE_TITLE_CASE).</summary>
internal static class TitleCase
{
    /// <summary>
    /// Lowers a capital at the start of the text or of a sentence, unless the next capital comes before a blank. A sentence ends only
    /// behind the last blank before the next capital, so that what a match has taken begins none.
    /// </summary>
    public static void Lower(Span<byte> text)
    {
        if (text.Length == 0)
        {
            return;
        }

        for (var at = IsUpper(text[0]) ? LowerOne(text, 0, 0) : 0; at < text.Length;)
        {
            var dot = text[at..].IndexOf((byte)'.');
            if (dot < 0)
            {
                return;
            }

            var start = at + dot + 1;
            while (start < text.Length && text[start] == (byte)' ')
            {
                start++;
            }

            at += dot + 1;
            at = start > at && start < text.Length && IsUpper(text[start]) ? LowerOne(text, start, at) : at;
        }
    }

    /// <summary>Lowers the capital at a place if it may be lowered.</summary>
    /// <returns>Where the next sentence is looked for; <paramref name="otherwise"/> where it is not lowered.</returns>
    private static int LowerOne(Span<byte> text, int at, int otherwise)
    {
        var run = text[(at + 1)..];
        var end = run.IndexOfAnyInRange((byte)'A', (byte)'Z');
        if (end < 0)
        {
            end = run.Length;
        }
        else
        {
            // One character at least stands between the capital and the blank.
            end = end > 1 ? run[1..end].LastIndexOf((byte)' ') + 2 : 0;
            end = end == 1 ? 0 : end;
        }

        if (end == 0)
        {
            return otherwise;
        }

        text[at] |= 0x20;
        return at + 1 + end;
    }

    private static bool IsUpper(byte c) => c is >= (byte)'A' and <= (byte)'Z';
}
