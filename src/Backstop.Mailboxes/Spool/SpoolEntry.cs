namespace Backstop.Mailboxes.Spool;

/// <summary>
/// A message in the spool. Small: of a long backlog only the entries stay in memory, and <see cref="KeptMessages"/> of
/// the newest.
/// </summary>
public sealed class SpoolEntry
{
    private readonly Lock _gate = new();
    private volatile Place _place;
    private volatile KeptMessage? _kept;
    private volatile Aim[] _aims;
    private volatile SpoolChange? _change;
    private int[] _delivered = [];

    internal SpoolEntry(ulong id, IReadOnlyList<SpoolTarget> targets, SpoolSegment segment, long offset, int length)
    {
        Id = id;
        _aims = [.. targets.Select(t => new Aim(t.Folder, t.Mailbox))];
        _place = new(segment, offset, length);
    }

    /// <summary>Makes an entry of another process's spool: only its id can be asked.</summary>
    /// <param name="id">The id that the spool has given it.</param>
    internal static SpoolEntry Elsewhere(ulong id) => new(id, [], null!, 0, 0);

    /// <summary>Unique in this spool for ever; the queue id in the log.</summary>
    public ulong Id { get; }

    /// <summary>The folders that its copies were accepted for, or redirected to, in the order of its targets.</summary>
    public IReadOnlyList<FolderRef> Folders => [.. _aims.Select(a => a.Folder)];

    /// <summary>The id as text.</summary>
    public string QueueId => TextOf(Id);

    /// <summary>How many copies it has.</summary>
    internal int Copies => _aims.Length;

    internal Place At => _place;

    internal bool IsDone { get; set; }

    /// <summary>Whether nobody is to get it any more: it is deleted, and needs no copy on a disk.</summary>
    internal bool IsDeleted { get; set; }

    /// <summary>Whether somebody has put it on hold.</summary>
    internal bool IsHeld => _change?.IsHeld == true;

    /// <summary>Its part in memory; changed only by <see cref="KeptMessages"/>.</summary>
    internal KeptMessage? Kept
    {
        get => _kept;
        set => _kept = value;
    }

    /// <summary>Returns the text of an id, as logs and commands show it.</summary>
    internal static string TextOf(ulong id) => id.ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Returns what one copy was accepted for, or redirected to.</summary>
    internal Aim AimOf(int target) => _aims[target];

    /// <summary>Whether one copy is delivered, while others may still wait.</summary>
    internal bool IsDelivered(int target)
    {
        lock (_gate)
        {
            return Array.IndexOf(_delivered, target) >= 0;
        }
    }

    internal void SetDelivered(params IReadOnlyList<int> targets)
    {
        lock (_gate)
        {
            _delivered = [.. _delivered.Union(targets)];
        }
    }

    internal void ForgetDelivered(IReadOnlySet<int> targets)
    {
        lock (_gate)
        {
            _delivered = [.. _delivered.Except(targets)];
        }
    }

    internal void Apply(SpoolChange change)
    {
        if (change.Targets is { } targets)
        {
            _aims = [.. targets.Select(t => new Aim(t.Folder, t.Mailbox))];
        }

        _change = change with { Targets = change.Targets ?? _change?.Targets };
    }

    /// <summary>Returns the envelope as it is now, from the one that was stored.</summary>
    internal SpoolEnvelope Now(SpoolEnvelope stored)
    {
        lock (_gate)
        {
            return _change is null && _delivered.Length == 0
                ? stored
                : stored with
                {
                    IsHeld = IsHeld,
                    Targets = _change?.Targets ?? stored.Targets,
                    Delivered = _delivered.Length > 0 ? _delivered : null,
                };
        }
    }

    internal void MoveTo(SpoolSegment segment, long offset, int length) => _place = new(segment, offset, length);

    internal sealed record Place(SpoolSegment Segment, long Offset, int Length);

    /// <summary>What a copy was accepted for.</summary>
    /// <param name="Folder">The folder as it was then.</param>
    /// <param name="Mailbox">The main address of the mailbox, as a key; null where the entry does not have it.</param>
    internal readonly record struct Aim(FolderRef Folder, string? Mailbox);
}
