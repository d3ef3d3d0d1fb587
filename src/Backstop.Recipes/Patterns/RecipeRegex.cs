using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>
/// A regular expression as procmail reads it (procmailrc(5)): <c>^</c> and <c>$</c> each consume a newline, <c>^^</c> is the very
/// start or end, <c>\&lt;</c> and <c>\&gt;</c> consume a character that is not part of a word, <c>\/</c> splits. Time is linear in the
/// text, whatever it contains.
/// </summary>
/// <remarks>Serves any number of threads.</remarks>
public sealed class RecipeRegex
{
    private readonly Nfa _nfa;
    private readonly bool _hasSplit;
    private readonly EndMatcher _ends;

    private RecipeRegex(Nfa nfa, bool hasSplit, bool isValid)
    {
        _nfa = nfa;
        _ends = new(nfa);
        _hasSplit = hasSplit;
        IsValid = isValid;
    }

    /// <summary>False where a parenthesis has no partner; what could be read is matched nevertheless, as procmail does.</summary>
    public bool IsValid { get; }

    /// <summary>Reads an expression, macros included (<c>^TO_</c>, <c>^TO</c>, <c>^FROM_DAEMON</c>, <c>^FROM_MAILER</c>).</summary>
    /// <param name="pattern">One char an octet.</param>
    /// <param name="ignoreCase">Unless the recipe has flag D.</param>
    public static RecipeRegex Parse(string pattern, bool ignoreCase)
    {
        var parser = new PatternParser(PatternMacros.Expand(pattern, out var foldsCase), ignoreCase || foldsCase);
        var node = parser.Parse();
        return new(PatternAutomaton.Build(node), parser.HasSplit, parser.IsBalanced);
    }

    /// <summary>Whether the text has a match.</summary>
    /// <param name="text">The octets to search.</param>
    public bool IsMatch(ReadOnlySpan<byte> text) => _ends.FirstEnd(text, 0) >= 0;

    /// <summary>The match that ends first; with <c>\/</c> the one that splits first and is longest from there.</summary>
    /// <param name="text">The octets to search.</param>
    /// <param name="start">Where to begin; a newline before it counts as one that can be matched.</param>
    /// <param name="wantsSplit">Whether <c>\/</c> matters; without it the match is the one that ends first.</param>
    public RecipeMatch? Find(ReadOnlySpan<byte> text, int start = 0, bool wantsSplit = true)
    {
        var end = _ends.FirstEnd(text, start);
        return end < 0 ? null
            : _hasSplit && wantsSplit
            && new SplitMatcher(_nfa).Find(text, start) is { } match
            ? match with { Split = match.Split > text.Length + 1 ? -1 : match.Split }
            : new RecipeMatch(end, -1);
    }
}
