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

    /// <summary><c>\G</c>: where the search began.</summary>
    SearchStart,
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

    /// <summary>A part repeated; a maximum of -1 means no limit.</summary>
    public sealed record Repeat(PatternNode Body, int Min, int Max, Greediness Greediness) : PatternNode;

    public sealed record Capture(PatternNode Body, int Number, string? Name) : PatternNode;

    public sealed record Atomic(PatternNode Body) : PatternNode;

    public sealed record Look(PatternNode Body, bool IsAhead, bool IsNegative) : PatternNode;

    public sealed record Backreference(int Number, string? Name, bool IgnoreCase) : PatternNode;

    public sealed record Assertion(AssertionKind Kind) : PatternNode;

    /// <summary>
    /// One of two parts, chosen by whether a group (given by number or name) has matched; or, with <paramref name="IsOfCall"/>, by whether
    /// the match is inside a call of that group (-1: of any group).
    /// </summary>
    public sealed record Conditional(int Number, string? Name, bool IsOfCall, PatternNode Then, PatternNode Else) : PatternNode;

    /// <summary>A group again, as a pattern (<c>(?1)</c>, <c>(?&amp;name)</c>); 0: the whole pattern (<c>(?R)</c>).</summary>
    public sealed record Call(int Number, string? Name) : PatternNode;

    /// <summary>The parts that a part consists of.</summary>
    public static IEnumerable<PatternNode> Children(PatternNode node) => node switch
    {
        Concat concat => concat.Parts,
        Alternate alternate => alternate.Choices,
        Repeat repeat => [repeat.Body],
        Capture capture => [capture.Body],
        Atomic atomic => [atomic.Body],
        Look look => [look.Body],
        Conditional conditional => [conditional.Then, conditional.Else],
        _ => [],
    };
}
