using System.Buffers;

namespace Backstop.Mail;

/// <summary>Makes text from strangers safe to show on a terminal, in a log, on a page or in an alert.</summary>
internal static class ShownText
{
    // Characters that move the cursor, begin a line or change the direction of text (Unicode TR 9: embeddings,
    // overrides, isolates), and their obsolete forms. The marks U+200E, U+200F and U+061C stay: Arabic and Hebrew use
    // them, and they change no other text.
    private static readonly string _unfit = string.Concat(
        Range('\0', '\x1f'), Range('\x7f', '\x9f'), Range('\u2028', '\u202e'), Range('\u2066', '\u206f'));

    private static readonly SearchValues<char> _unfitInLine = SearchValues.Create(_unfit);
    private static readonly SearchValues<char> _unfitInText =
        SearchValues.Create(_unfit.Replace("\n", "", StringComparison.Ordinal).Replace("\t", "", StringComparison.Ordinal));

    /// <summary>Replaces every such character with a space. Does not allocate if there is none.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="keepsLines">Whether line feeds and tabs stay.</param>
    public static string Of(string text, bool keepsLines = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var unfit = keepsLines ? _unfitInText : _unfitInLine;
        var first = text.AsSpan().IndexOfAny(unfit);
        return first < 0 ? text : string.Create(text.Length, (text, unfit), static (plain, from) =>
        {
            from.text.CopyTo(plain);
            for (var at = plain.IndexOfAny(from.unfit); at >= 0; at = plain.IndexOfAny(from.unfit))
            {
                plain[at] = ' ';
                plain = plain[(at + 1)..];
            }
        });
    }

    /// <summary>Makes the text safe as <see cref="Of(string, bool)"/> does, and cuts it if it is long.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="max">The most characters, at least 3; a cut text ends in "...".</param>
    public static string Of(string text, int max)
    {
        var plain = Of(text);
        return plain.Length > max ? plain[..(max - 3)] + "..." : plain;
    }

    private static string Range(char first, char last) => string.Concat(Enumerable.Range(first, last - first + 1).Select(c => (char)c));
}
