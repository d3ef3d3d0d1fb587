namespace Backstop.SpamRules.Text;

/// <summary>Looks for one text of a message in another, as Perl's <c>\Q…\E</c> does, without an expression made of it.</summary>
internal static class PerlText
{
    /// <summary>A letter, digit or underscore: Perl's <c>\w</c> over octets.</summary>
    public static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    /// <summary>Whether a word begins or ends here: Perl's <c>\b</c>.</summary>
    public static bool IsBoundary(string text, int at) =>
        (at > 0 && at <= text.Length && IsWord(text[at - 1])) != (at >= 0 && at < text.Length && IsWord(text[at]));

    /// <summary>Perl's <c>$</c>: the end, or a last line end.</summary>
    public static bool IsEnd(string text, int at) => at == text.Length || (at == text.Length - 1 && text[at] == '\n');

    /// <summary>Every place where a text holds another, in any case.</summary>
    public static IEnumerable<int> Places(string text, string wanted)
    {
        for (var at = text.IndexOf(wanted, StringComparison.OrdinalIgnoreCase); at >= 0;)
        {
            yield return at;
            at = at + 1 > text.Length ? -1 : text.IndexOf(wanted, at + 1, StringComparison.OrdinalIgnoreCase);
        }
    }

    public static int SkipSpace(string text, int at)
    {
        while (at < text.Length && PerlSpace.Is(text[at]))
        {
            at++;
        }

        return at;
    }
}
