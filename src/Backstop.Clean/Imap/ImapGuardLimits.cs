namespace Backstop.Clean.Imap;

/// <summary>What a server may send in answer to one command. Each is far above what servers send, and far below what hurts.</summary>
internal sealed record ImapGuardLimits
{
    /// <summary>Octets of a line outside literals.</summary>
    public int Line { get; init; } = 64 << 10;

    /// <summary>Octets of a line with search results: a million numbers.</summary>
    public int SearchLine { get; init; } = 10 << 20;

    /// <summary>Octets of a literal: the largest message that can be fetched.</summary>
    public long Literal { get; init; } = 128 << 20;

    /// <summary>Parentheses within each other.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Responses of the server to one command, untagged ones included.</summary>
    public int Responses { get; init; } = 1_000_000;

    /// <summary>Folders in a list.</summary>
    public int Folders { get; init; } = 20_000;

    /// <summary>Octets of the server's answer to one command, literals included.</summary>
    public long Octets { get; init; } = 2L << 30;

    /// <summary>Time without an octet.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time for the whole answer.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromMinutes(30);
}
