namespace Backstop.Setup;

/// <summary>
/// A list as Postfix writes it: elements separated by commas or blanks, where braces hold an element with separators of its
/// own, such as <c>{ inet:127.0.0.1:7625, default_action=accept }</c>.
/// </summary>
internal static class PostfixList
{
    /// <summary>The elements as they are written, braces included. A brace that is never closed reaches to the end.</summary>
    /// <param name="text">The value of a setting; null counts as empty.</param>
    public static IReadOnlyList<string> Split(string? text)
    {
        text ??= "";
        var elements = new List<string>();
        var (from, depth) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            var c = i < text.Length ? text[i] : '\0';
            depth += c == '{' ? 1 : c == '}' && depth > 0 ? -1 : 0;
            if (c == '\0' || (depth == 0 && IsSeparator(c)))
            {
                Add(text[from..i]);
                from = i + 1;
            }
        }

        return elements;

        void Add(string element)
        {
            if (element.Length > 0)
            {
                elements.Add(element);
            }
        }
    }

    /// <summary>The element without its braces and options: of <c>{ inet:127.0.0.1:7625, default_action=accept }</c> the address.</summary>
    /// <param name="element">One element.</param>
    public static string Head(string element) =>
        element.StartsWith('{') ? Split(element.Trim('{', '}')).FirstOrDefault("") : element;

    /// <summary>The same element without blanks, which postconf does not accept in a value of master.cf.</summary>
    /// <param name="element">One element.</param>
    public static string Compact(string element) =>
        element.StartsWith('{') && element.EndsWith('}') ? $"{{{string.Join(',', Split(element[1..^1]).Select(Compact))}}}" : element;

    /// <summary>Whether two elements name the same address, whatever their options and however the loopback is written.</summary>
    /// <param name="one">An element of a list of milters, with or without braces and options.</param>
    /// <param name="other">The element it is compared with, in either form.</param>
    public static bool IsSame(string one, string other) => Plain(one) == Plain(other);

    private static string Plain(string element) =>
        Head(element).Replace("inet:localhost:", "inet:127.0.0.1:", StringComparison.OrdinalIgnoreCase)
            .Replace("inet:[127.0.0.1]:", "inet:127.0.0.1:", StringComparison.Ordinal);

    private static bool IsSeparator(char c) => c is ',' or ' ' or '\t' or '\n' or '\r';
}
