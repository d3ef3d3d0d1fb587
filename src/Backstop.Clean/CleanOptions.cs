namespace Backstop.Clean;

/// <summary>What to clean, and how. The defaults change nothing: they find backscatter and list it.</summary>
public sealed record CleanOptions
{
    /// <summary>Sent folders, as paths or <c>imaps://</c> addresses; empty to take those that lie in the mailbox.</summary>
    public IReadOnlyList<string> Sent { get; init; } = [];

    /// <summary>
    /// Whether reports may be moved although no sent mail is known. Default false: then every report without a proof is unsure.
    /// </summary>
    public bool IsWithoutSent { get; init; }

    /// <summary>Whether messages are moved. Default false: the mailbox is only read.</summary>
    public bool IsApply { get; init; }

    /// <summary>The folder that backscatter is moved to. Default <c>Backscatter</c>.</summary>
    public CleanTarget Target { get; init; } = new("Backscatter", false);

    /// <summary>Campaigns to take, by their short names; empty for all that are backscatter.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Campaigns that stay, by their short names (<see cref="Backscatter.Campaigns.Campaign.Id"/>).</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    /// <summary>Messages that arrived before this time stay. Default: none stays for its age.</summary>
    public DateTimeOffset Since { get; init; } = DateTimeOffset.MinValue;

    /// <summary>Messages that arrived at this time or later stay. Default: none.</summary>
    public DateTimeOffset Until { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Whether the other folders of a Maildir are left alone.</summary>
    public bool IsInboxOnly { get; init; }

    /// <summary>Messages a second that a server is asked to move; 0 for as many as it can.</summary>
    public int Rate { get; init; }
}
