namespace Backstop.Mailboxes.Spool;

/// <summary>
/// A message in the spool. Small: with a long backlog only this stays in memory, and <see cref="KeptMessages"/> of the newest.
/// </summary>
public sealed class SpoolEntry
{
    private volatile Place _place;
    private volatile KeptMessage? _kept;

    internal SpoolEntry(ulong id, IReadOnlyList<FolderRef> folders, SpoolSegment segment, long offset, int length)
    {
        Id = id;
        Folders = folders;
        _place = new(segment, offset, length);
    }

    /// <summary>Unique in this spool for ever; the queue id in the log.</summary>
    public ulong Id { get; }

    /// <summary>Where its copies go, in the order of its targets.</summary>
    public IReadOnlyList<FolderRef> Folders { get; }

    /// <summary>The id as it is shown.</summary>
    public string QueueId => Id.ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    internal Place At => _place;

    internal bool IsDone { get; set; }

    /// <summary>What of it is in memory; only <see cref="KeptMessages"/> changes it.</summary>
    internal KeptMessage? Kept
    {
        get => _kept;
        set => _kept = value;
    }

    internal void MoveTo(SpoolSegment segment, long offset, int length) => _place = new(segment, offset, length);

    internal sealed record Place(SpoolSegment Segment, long Offset, int Length);
}
