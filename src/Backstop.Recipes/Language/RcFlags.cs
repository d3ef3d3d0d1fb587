namespace Backstop.Recipes.Language;

/// <summary>The flags of a recipe (procmailrc(5), "Flags").</summary>
[Flags]
public enum RcFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>H: look into the header.</summary>
    Header = 1 << 0,

    /// <summary>B: look into the body.</summary>
    Body = 1 << 1,

    /// <summary>D: match case.</summary>
    CaseCounts = 1 << 2,

    /// <summary>A: only if the last recipe without A or a matched.</summary>
    Also = 1 << 3,

    /// <summary>a: as A, and the recipe before succeeded.</summary>
    AlsoIfSuccess = 1 << 4,

    /// <summary>E: only if the recipes before were not executed.</summary>
    Else = 1 << 5,

    /// <summary>e: only if the recipe before was executed and failed.</summary>
    OnError = 1 << 6,

    /// <summary>h: give the action the header.</summary>
    FeedHeader = 1 << 7,

    /// <summary>b: give the action the body.</summary>
    FeedBody = 1 << 8,

    /// <summary>f: the pipe is a filter.</summary>
    Filter = 1 << 9,

    /// <summary>c: deliver a copy and go on.</summary>
    Copy = 1 << 10,

    /// <summary>w: wait for the program, its status decides.</summary>
    Wait = 1 << 11,

    /// <summary>W: as w, without a message.</summary>
    WaitQuietly = 1 << 12,

    /// <summary>i: ignore that a program does not read all.</summary>
    IgnoreWriteErrors = 1 << 13,

    /// <summary>r: raw, nothing is added at the end or escaped.</summary>
    Raw = 1 << 14,
}

/// <summary>Tests flags, and finds the flag of a letter.</summary>
internal static class RcFlagLetters
{
    public const string Letters = "HBDAaEehbfcwWir";

    public static bool HasAny(this RcFlags flags, RcFlags wanted) => (flags & wanted) != RcFlags.None;

    public static RcFlags? Find(char letter) =>
        Letters.IndexOf(letter, StringComparison.Ordinal) is >= 0 and var i ? (RcFlags)(1 << i) : null;
}
