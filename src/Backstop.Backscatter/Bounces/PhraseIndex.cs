using System.Buffers;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Finds where phrases of a table stand in a text: all of them in one pass, in any case. Which of them counts there is its user's to say.
/// </summary>
internal sealed class PhraseIndex
{
    private readonly SearchValues<string> _search;
    private readonly Dictionary<int, int[]> _byStart;

    /// <summary>Makes an index.</summary>
    /// <param name="phrases">The phrases, of at least two characters each (TableTests); a number is a place in this list.</param>
    public PhraseIndex(IReadOnlyList<string> phrases)
    {
        _search = SearchValues.Create([.. phrases], StringComparison.OrdinalIgnoreCase);
        _byStart = Enumerable.Range(0, phrases.Count).GroupBy(i => Start(phrases[i])).ToDictionary(g => g.Key, g => g.ToArray());
    }

    /// <summary>The next place where a phrase begins, or -1.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">Where to look from.</param>
    public int Next(ReadOnlySpan<char> text, int from) => text[from..].IndexOfAny(_search) is >= 0 and var at ? from + at : -1;

    /// <summary>The numbers of the phrases that may begin where a text does, in order: those with its first two characters.</summary>
    /// <param name="text">The text.</param>
    public int[] At(ReadOnlySpan<char> text) => _byStart.GetValueOrDefault(Start(text), []);

    // In lower case. Hundreds of phrases begin with the same character.
    private static int Start(ReadOnlySpan<char> text) =>
        text.Length < 2 ? 0 : (char.ToLowerInvariant(text[0]) << 16) | char.ToLowerInvariant(text[1]);
}
