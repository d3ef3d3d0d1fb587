using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>A parsed regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>One octet out of a set.</summary>
    internal sealed record One(ByteSet Set) : PatternNode;

    /// <summary><c>^^</c>: the very start or the very end of the text; <c>^^^^</c> is both, an empty text.</summary>
    internal sealed record Edge(bool IsBoth) : PatternNode;

    /// <summary><c>\/</c>: what is matched from here on goes into MATCH.</summary>
    internal sealed record Split : PatternNode;

    /// <summary>One after the other; none matches the empty string.</summary>
    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>One of several.</summary>
    internal sealed record Choice(IReadOnlyList<PatternNode> Options) : PatternNode;

    /// <summary><c>*</c> (0, no bound), <c>+</c> (1, no bound) or <c>?</c> (0, at most one).</summary>
    internal sealed record Repeat(PatternNode Inner, bool AtLeastOne, bool AtMostOne) : PatternNode;
}
