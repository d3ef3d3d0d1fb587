using Backstop.Mailboxes.Spool;

namespace Backstop.Server.Delivery;

/// <summary>The two queues of deliveries, which decide how soon a message is delivered.</summary>
internal enum Lane
{
    /// <summary>Real mail, delivered at once.</summary>
    Real,

    /// <summary>Mail of the null sender and filed mail, delivered when real mail leaves room.</summary>
    Flood,
}

/// <summary>Where a copy of a message is on its way to its folder.</summary>
internal enum CopyPlace
{
    /// <summary>In no queue: the message is on hold, or nothing is delivered by this process.</summary>
    Parked,

    /// <summary>With the filters, which could not keep up when it was accepted.</summary>
    Scan,

    /// <summary>With the recipes of its mailbox.</summary>
    Recipes,

    /// <summary>In the queue of its folder.</summary>
    Folder,

    /// <summary>Its mailbox is not in the configuration any more.</summary>
    NoMailbox,

    /// <summary>In its folder.</summary>
    Done,
}

/// <summary>The state of one copy of a message. Read and changed with the lock of the queue held.</summary>
internal struct CopyState
{
    /// <summary>Where it is.</summary>
    public CopyPlace Place;

    /// <summary>How many files are to be written for it: recipes may make several copies, or none.</summary>
    public int Left;

    /// <summary>Increased when what is queued for it is not wanted there any more.</summary>
    public int Version;

    /// <summary>Whether recipes have decided on it.</summary>
    public bool IsPlanned;

    /// <summary>The queue that it was last put into.</summary>
    public FolderQueue? Queue;

    /// <summary>How often the mailboxes had changed when its folder was found.</summary>
    public int FoundAfter;

    /// <summary>Its recipes, after they have failed.</summary>
    public RecipeJob? Job;
}

/// <summary>A message whose delivery has begun. What changes is read and changed with the lock of the queue held.</summary>
internal sealed class InDelivery
{
    private readonly CopyState[] _copies;
    private List<(DeliveryPlace Place, Copy Copy)>? _parked;
    private int _left;

    public InDelivery(SpoolEntry entry, Lane lane, bool replayed, bool isLate = false)
    {
        Entry = entry;
        Lane = lane;
        Replayed = replayed;
        IsLate = isLate;
        IsHeld = entry.IsHeld;
        _copies = new CopyState[entry.Copies];
        for (var target = 0; target < _copies.Length; target++)
        {
            var isDone = entry.IsDelivered(target);
            _copies[target] = new() { Left = isDone ? 0 : 1, Place = isDone ? CopyPlace.Done : CopyPlace.Scan };
            _left += isDone ? 0 : 1;
        }
    }

    public SpoolEntry Entry { get; }

    public Lane Lane { get; }

    /// <summary>Whether an earlier run of the server may have delivered it already.</summary>
    public bool Replayed { get; }

    /// <summary>Whether it waited for its scan on purpose, so that its age says nothing of the folders.</summary>
    public bool IsLate { get; }

    /// <summary>How many copies it has.</summary>
    public int Copies => _copies.Length;

    /// <summary>Whether somebody has put it on hold.</summary>
    public bool IsHeld { get; set; }

    /// <summary>How many who want to change it wait until nothing of it is under way.</summary>
    public int Claims { get; set; }

    /// <summary>Whether no copy of it may be taken now.</summary>
    public bool IsStopped => IsHeld || Claims > 0;

    /// <summary>How many workers have a copy of it.</summary>
    public int UnderWay { get; set; }

    /// <summary>Whether it is delivered or deleted.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether it is delivered although this process delivers nothing else.</summary>
    public bool IsChosen { get; set; }

    /// <summary>Whether somebody has sent a copy of it elsewhere.</summary>
    public bool IsRedirected { get; set; }

    /// <summary>The folders that a late scan has decided on; null for those that were decided before.</summary>
    public IReadOnlyList<string>? Folders { get; set; }

    /// <summary>Whether no copy is left to deliver.</summary>
    public bool IsFinished => _left == 0;

    /// <summary>The state of one copy.</summary>
    public ref CopyState this[int target] => ref _copies[target];

    /// <summary>Notes that recipes replaced one copy by several, or by none.</summary>
    public void CopyBecomes(int target, int count)
    {
        _copies[target].IsPlanned = true;
        Reduce(target, 1 - count);
    }

    /// <summary>Notes that a file was written; true when it was the last of its copy.</summary>
    public bool CopyDone(int target) => Reduce(target, 1);

    /// <summary>Keeps a copy that recipes have decided on and that left its queue because the message was stopped.</summary>
    public void Park(DeliveryPlace place, Copy copy) => (_parked ??= []).Add((place, copy));

    /// <summary>Returns the copies that were kept, and keeps them no longer.</summary>
    public IReadOnlyList<(DeliveryPlace Place, Copy Copy)> TakeParked()
    {
        var parked = _parked ?? [];
        _parked = null;
        return parked;
    }

    /// <summary>Makes whatever is queued for a copy void, so that it can be put into another queue.</summary>
    /// <returns>Those of its copies that were kept by <see cref="Park"/>.</returns>
    public IReadOnlyList<Copy> Withdraw(int target)
    {
        ref var copy = ref _copies[target];
        copy = new() { Version = copy.Version + 1, Left = 1, Place = CopyPlace.Parked };
        List<Copy> parked = [.. (_parked ?? []).Select(p => p.Copy).Where(c => c.Index == target)];
        _parked?.RemoveAll(p => p.Copy.Index == target);
        return parked;
    }

    private bool Reduce(int target, int count)
    {
        ref var copy = ref _copies[target];
        copy.Left -= count;
        if (copy.Left > 0)
        {
            return false;
        }

        copy.Place = CopyPlace.Done;
        _left--;
        return true;
    }
}

/// <summary>One copy of a message to deliver.</summary>
/// <param name="Message">The message that it is a copy of.</param>
/// <param name="Target">The number of the copy. File names derive from it, so that a second delivery finds the
/// first.</param>
/// <param name="Version">The version of the copy's state that it belongs to.</param>
/// <param name="Remade">The message as changed by recipes; null where it is unchanged.</param>
internal readonly record struct Copy(InDelivery Message, int Target, int Version, ReadOnlyMemory<byte>? Remade = null)
{
    /// <summary>Whose recipes have changed it; null for those of this process's user.</summary>
    public Backstop.Posix.UserAccount? User { get; init; }

    /// <summary>Whether recipes decided on this copy.</summary>
    public bool IsPlanned => Target >= SpoolContent.TargetsPerCopy;

    /// <summary>The target in the message that the copy is for.</summary>
    public int Index => Target % SpoolContent.TargetsPerCopy;

    /// <summary>Whether it is to be delivered where it is queued.</summary>
    public bool IsWanted => !Message.IsGone && !Message.IsHeld && Message[Index].Version == Version;

    /// <summary>Returns the number of a copy that recipes decided on.</summary>
    public static int TargetOf(int target, int copy) => ((copy + 1) * SpoolContent.TargetsPerCopy) + target;

    /// <summary>Reads the content of the copy.</summary>
    public SpoolContent Read(SpoolLog spool)
    {
        var content = spool.Read(Message.Entry);
        return Remade is { IsEmpty: false } octets ? content.Remade(octets) : content;
    }
}
