namespace Backstop.Mailboxes.Spool;

/// <summary>
/// A message in the spool. Small: of a long backlog only the entries stay in memory, and <see cref="KeptMessages"/> of
/// the newest.
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

    /// <summary>The folders of its copies, in the order of its targets.</summary>
    public IReadOnlyList<FolderRef> Folders { get; }

    /// <summary>The id as text.</summary>
    public string QueueId => Id.ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    internal Place At => _place;

    internal bool IsDone { get; set; }

    /// <summary>Its part in memory; changed only by <see cref="KeptMessages"/>.</summary>
    internal KeptMessage? Kept
    {
        get => _kept;
        set => _kept = value;
    }

    internal void MoveTo(SpoolSegment segment, long offset, int length) => _place = new(segment, offset, length);

    internal sealed record Place(SpoolSegment Segment, long Offset, int Length);
}
