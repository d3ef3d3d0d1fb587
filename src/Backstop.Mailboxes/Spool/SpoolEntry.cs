namespace Backstop.Mailboxes.Spool;

/// <summary>A message in the spool. Small: with a long backlog only this stays in memory.</summary>
public sealed class SpoolEntry
{
    private volatile Place _place;

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

    internal void MoveTo(SpoolSegment segment, long offset, int length) => _place = new(segment, offset, length);

    internal sealed record Place(SpoolSegment Segment, long Offset, int Length);
}
