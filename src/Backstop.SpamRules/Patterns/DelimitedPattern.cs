namespace Backstop.SpamRules.Patterns;

/// <summary>A pattern between delimiters, as rules write it (Util.pm, compile_regexp).</summary>
internal static class DelimitedPattern
{
    /// <summary>The pattern and its modifiers.</summary>
    /// <exception cref="PatternException">There are no delimiters.</exception>
    public static (string Pattern, string Modifiers) Split(string text)
    {
        var start = text.StartsWith('/') ? 0 : text.StartsWith("qr", StringComparison.Ordinal) ? 2 : text.StartsWith('m') ? 1 : -1;
        if (start < 0 || start >= text.Length || char.IsAsciiLetterOrDigit(text[start]) || text[start] is '_' or '\\')
        {
            throw new PatternException("no delimiters");
        }

        var close = text[start] switch { '{' => '}', '(' => ')', '<' => '>', '[' => ']', var c => c };
        var end = text.Length;
        while (end > start + 1 && text[end - 1] is >= 'a' and <= 'z' and not 'e')
        {
            end--;
        }

        if (end - 1 <= start || text[end - 1] != close)
        {
            throw new PatternException($"no closing {close}");
        }

        return (text[(start + 1)..(end - 1)], text[end..]);
    }
}
