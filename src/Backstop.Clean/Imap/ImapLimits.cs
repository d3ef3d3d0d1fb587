namespace Backstop.Clean.Imap;

/// <summary>
/// Limits of a server's answer to one command. Each is far above what servers send, and far below what does harm.
/// </summary>
internal sealed record ImapLimits
{
    /// <summary>Octets of a line, without literals.</summary>
    public int Line { get; init; } = 64 << 10;

    /// <summary>Octets of a line with search results: about a million message numbers.</summary>
    public int SearchLine { get; init; } = 10 << 20;

    /// <summary>Octets of a literal, and so of the largest message that can be fetched.</summary>
    public long Literal { get; init; } = 128 << 20;

    /// <summary>Nested parentheses.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Responses to one command, untagged ones included.</summary>
    public int Responses { get; init; } = 1_000_000;

    /// <summary>Folders in a list of folders.</summary>
    public int Folders { get; init; } = 20_000;

    /// <summary>Octets of the answer to one command, literals included.</summary>
    public long Octets { get; init; } = 2L << 30;

    /// <summary>How long the server may send nothing.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the whole answer may take.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromMinutes(30);
}
