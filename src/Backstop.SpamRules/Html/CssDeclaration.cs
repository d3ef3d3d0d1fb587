namespace Backstop.SpamRules.Html;

/// <summary>Reads one declaration of a style attribute (HTML.pm, text_style): by hand, for a mail may hold thousands.</summary>
internal static class CssDeclaration
{
    /// <summary>The property and its value, white space around them taken off.</summary>
    /// <param name="text">What stands between two semicolons.</param>
    /// <returns>
    /// An empty name if SpamAssassin would not read the text as a declaration: colours are read whatever their case and only
    /// with the colon right behind the name, <c>background</c> as well but in lower case, every other name as it is written.
    /// </returns>
    public static (string Name, string Value) Read(string text)
    {
        var begin = text.Length - text.AsSpan().TrimStart().Length;
        var end = begin;
        while (end < text.Length && (char.IsAsciiLetter(text[end]) || text[end] is '-' or '_'))
        {
            end++;
        }

        var colon = end;
        while (colon < text.Length && char.IsWhiteSpace(text[colon]))
        {
            colon++;
        }

        if (colon == text.Length || text[colon] != ':')
        {
            return ("", "");
        }

        var name = text[begin..end];
        var isColor = name.Equals("color", StringComparison.OrdinalIgnoreCase)
            || name.Equals("background-color", StringComparison.OrdinalIgnoreCase);
        var mayBeBlank = colon == end && (isColor || name == "background");
        if (!mayBeBlank && (isColor || name == "background"))
        {
            return ("", "");
        }

        return Value(text.AsSpan(colon + 1), mayBeBlank) is { } value ? (isColor ? name.ToLowerInvariant() : name, value) : ("", "");
    }

    // A value is one line; of a colour that is only blank SpamAssassin takes one blank, which does not name one.
    private static string? Value(ReadOnlySpan<char> text, bool mayBeBlank)
    {
        var value = text.Trim();
        if (value.Length > 0)
        {
            return value.Contains('\n') ? null : value.ToString();
        }

        return mayBeBlank && text.ContainsAnyExcept('\n') ? " " : null;
    }
}
