namespace Backstop.SpamRules.Patterns;

/// <summary>What an instruction of a <see cref="PatternProgram"/> does.</summary>
internal enum OpCode : byte
{
    /// <summary>Reads the octet A.</summary>
    Octet,

    /// <summary>Reads an octet of the set A.</summary>
    Set,

    /// <summary>Goes on at A and, if that fails, at B. C and D are the sets that A and B begin with; -1: not known.</summary>
    Split,

    /// <summary>Goes on at A.</summary>
    Jump,

    /// <summary>Goes on where the <see cref="AssertionKind"/> A holds.</summary>
    Assert,

    /// <summary>Goes on where the search began.</summary>
    SearchStart,

    /// <summary>
    /// Reads octets of the set A as often as <see cref="PatternProgram.Repeats"/>[B] says; C: the set that follows, or -1.
    /// </summary>
    Run,

    /// <summary>Notes the place in slot A.</summary>
    Save,

    /// <summary>Group A, whose beginning slot B holds, ends here; returns if the group was called.</summary>
    EndGroup,

    /// <summary>
    /// Reads what the first group of <see cref="PatternProgram.Groups"/>[A] that has matched has matched; B: 1 in any case.
    /// </summary>
    Reference,

    /// <summary>Sets the count of loop A to 0.</summary>
    LoopStart,

    /// <summary>The head of loop A: its body follows, its exit is B; its bounds are <see cref="PatternProgram.Repeats"/>[C].</summary>
    Loop,

    /// <summary>
    /// Begins a <see cref="MarkKind"/> A, which <see cref="Cut"/> ends; B: behind it; C and D: its least and greatest width.
    /// </summary>
    Mark,

    /// <summary>Ends what the <see cref="Mark"/> at A began.</summary>
    Cut,

    /// <summary>Goes on if a group of <see cref="PatternProgram.Groups"/>[A] has matched, else at B.</summary>
    IfGroup,

    /// <summary>Goes on inside a call of group A (-1: of any), else at B.</summary>
    IfCalled,

    /// <summary>Matches group A at B, and goes on behind.</summary>
    Call,

    /// <summary>The pattern has matched, or a call of the whole pattern returns.</summary>
    Match,
}

/// <summary>What stands between <see cref="OpCode.Mark"/> and <see cref="OpCode.Cut"/>.</summary>
internal enum MarkKind
{
    Atomic,
    Ahead,
    NotAhead,
    Behind,
    NotBehind,
}

/// <summary>An instruction; its code says what the operands are.</summary>
internal readonly record struct PatternOp(OpCode Code, int A = 0, int B = 0, int C = 0, int D = 0);

/// <summary>How often something is repeated; a maximum of <see cref="int.MaxValue"/> means no limit.</summary>
internal readonly record struct RepeatBounds(int Min, int Max, Greediness Greediness);

/// <summary>A pattern as instructions for <see cref="BacktrackingMatcher"/>. Never changes, so threads share it.</summary>
internal sealed record PatternProgram
{
    public required PatternOp[] Ops { get; init; }

    /// <summary>The sets of octets: 256 truth values for each.</summary>
    public required bool[] Sets { get; init; }

    public required RepeatBounds[] Repeats { get; init; }

    public required int[][] Groups { get; init; }

    /// <summary>Beginning and end of the match and of each group, then one for each group that is open.</summary>
    public required int Slots { get; init; }

    public required int Loops { get; init; }

    /// <summary>Where a match can begin.</summary>
    public required MatchStart Start { get; init; }

    /// <summary>The octets that a match can begin with; null: any, or none.</summary>
    public required bool[]? First { get; init; }

    /// <summary>
    /// Whether a search depends on nothing but instruction and place, so that a place that failed need not be tried again.
    /// </summary>
    public required bool IsMemorable { get; init; }
}

/// <summary>Where a match can begin.</summary>
internal enum MatchStart
{
    Anywhere,

    /// <summary>At the beginning of the text.</summary>
    Text,

    /// <summary>Where the search begins: the pattern begins with <c>.*</c> under /s.</summary>
    Search,

    /// <summary>
    /// Where the search begins, and at the beginning of a line: the pattern begins with <c>.*</c>, so that it matches from there if it
    /// matches at all.
    /// </summary>
    Line,
}
