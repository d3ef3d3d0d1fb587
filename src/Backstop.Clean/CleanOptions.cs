namespace Backstop.Clean;

/// <summary>What to clean, and how. The defaults change nothing: backscatter is found and listed.</summary>
public sealed record CleanOptions
{
    /// <summary>
    /// Sent folders, as paths or <c>imaps://</c> addresses. Default: empty, which uses those found beside the mailbox.
    /// </summary>
    public IReadOnlyList<string> Sent { get; init; } = [];

    /// <summary>
    /// Whether unproved bounces may be moved although no sent mail is known. Default false: every bounce without a
    /// proof is unsure then.
    /// </summary>
    public bool IsWithoutSent { get; init; }

    /// <summary>Whether messages are moved. Default false: the mailbox is only read.</summary>
    public bool IsApply { get; init; }

    /// <summary>The folder that backscatter is moved to. Default <c>Backscatter</c>.</summary>
    public CleanTarget Target { get; init; } = new("Backscatter", false);

    /// <summary>Ids of the campaigns to move, unsure ones too. Default: empty, which moves all backscatter.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>
    /// Ids of the campaigns that stay (<see cref="Backscatter.Campaigns.Campaign.Id"/>). Default: empty.
    /// </summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    /// <summary>Messages that arrived before this time stay. Default: no limit.</summary>
    public DateTimeOffset Since { get; init; } = DateTimeOffset.MinValue;

    /// <summary>Messages that arrived at this time or later stay. Default: no limit.</summary>
    public DateTimeOffset Until { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Whether only the inbox of a Maildir is cleaned, not its other folders. Default false.</summary>
    public bool IsInboxOnly { get; init; }

    /// <summary>How many messages a second an IMAP server is asked to move at most. Default 0: no limit.</summary>
    public int Rate { get; init; }
}
