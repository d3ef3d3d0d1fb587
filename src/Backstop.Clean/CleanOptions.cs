namespace Backstop.Clean;

/// <summary>What was asked of <c>clean</c>.</summary>
internal sealed record CleanOptions
{
    /// <summary>Sent folders that were named; empty to look for them.</summary>
    public IReadOnlyList<string> Sent { get; init; } = [];

    /// <summary>Whether to go on where nothing that was sent is known.</summary>
    public bool IsWithoutSent { get; init; }

    /// <summary>Whether to do it.</summary>
    public bool IsApply { get; init; }

    /// <summary>Where to.</summary>
    public CleanTarget Target { get; init; } = new("Backscatter", false);

    /// <summary>Campaigns to take, by their short names; empty for all that are backscatter.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Campaigns to leave.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    /// <summary>What came earlier stays.</summary>
    public DateTimeOffset Since { get; init; } = DateTimeOffset.MinValue;

    /// <summary>What came then or later stays.</summary>
    public DateTimeOffset Until { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Whether the other folders of a Maildir are left alone.</summary>
    public bool IsInboxOnly { get; init; }

    /// <summary>Messages a second that a server is asked to move; 0 for as many as it can.</summary>
    public int Rate { get; init; }
}
