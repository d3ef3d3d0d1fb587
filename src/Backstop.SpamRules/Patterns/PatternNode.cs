using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

internal enum AssertionKind
{
    /// <summary><c>^</c> without /m, and <c>\A</c>.</summary>
    TextStart,

    /// <summary><c>^</c> with /m: not behind a last line end.</summary>
    LineStart,

    /// <summary><c>$</c> without /m, and <c>\Z</c>: before a last line end too.</summary>
    TextEndOrLastLine,

    /// <summary><c>$</c> with /m.</summary>
    LineEnd,

    /// <summary><c>\z</c>.</summary>
    TextEnd,

    WordBoundary,

    NoWordBoundary,
}

internal enum Greediness
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>A part of a Perl pattern over octets.</summary>
internal abstract record PatternNode
{
    public sealed record Set(ByteSet Bytes) : PatternNode;

    public sealed record Concat(IReadOnlyList<PatternNode> Parts) : PatternNode;

    public sealed record Alternate(IReadOnlyList<PatternNode> Choices) : PatternNode;

    /// <summary>A part some times over; a maximum of -1 is none.</summary>
    public sealed record Repeat(PatternNode Body, int Min, int Max, Greediness Greediness) : PatternNode;

    public sealed record Capture(PatternNode Body, int Number, string? Name) : PatternNode;

    public sealed record Atomic(PatternNode Body) : PatternNode;

    public sealed record Look(PatternNode Body, bool IsAhead, bool IsNegative) : PatternNode;

    public sealed record Backreference(int Number, string? Name, bool IgnoreCase) : PatternNode;

    public sealed record Assertion(AssertionKind Kind) : PatternNode;
}
