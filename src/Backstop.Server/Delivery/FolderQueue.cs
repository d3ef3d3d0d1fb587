using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Spool;

namespace Backstop.Server.Delivery;

/// <summary>How soon a message must be in its folder.</summary>
internal enum Lane
{
    /// <summary>Real mail: at once.</summary>
    Real,

    /// <summary>What came from the null reverse-path or is filed: when real mail leaves room.</summary>
    Flood,
}

/// <summary>A message on its way to its folders.</summary>
internal sealed class InDelivery(SpoolEntry entry, Lane lane, bool replayed)
{
    private int _left = entry.Folders.Count;

    public SpoolEntry Entry => entry;

    public Lane Lane => lane;

    /// <summary>Whether an earlier run of the server may have delivered it.</summary>
    public bool Replayed => replayed;

    /// <summary>Notes a copy; true when it was the last.</summary>
    public bool CopyDone() => Interlocked.Decrement(ref _left) == 0;

    /// <summary>Notes that recipes made several copies of one, or none; true when nothing is left to do.</summary>
    public bool CopyBecomes(int count) => Interlocked.Add(ref _left, count - 1) == 0;
}

/// <summary>One copy to deliver.</summary>
/// <param name="Message">The message.</param>
/// <param name="Target">Which of its copies: names follow from it, so that a second delivery finds the first.</param>
/// <param name="Remade">The message as recipes have changed it; null for as it came.</param>
internal readonly record struct Copy(InDelivery Message, int Target, ReadOnlyMemory<byte>? Remade = null)
{
    /// <summary>Whether recipes made it.</summary>
    public bool IsPlanned => Target >= SpoolContent.TargetsPerCopy;

    /// <summary>The number of a copy that recipes made.</summary>
    public static int TargetOf(int target, int copy) => ((copy + 1) * SpoolContent.TargetsPerCopy) + target;

    /// <summary>Its content.</summary>
    public SpoolContent Read(SpoolLog spool)
    {
        var content = spool.Read(Message.Entry);
        return Remade is { IsEmpty: false } octets ? content.Remade(octets) : content;
    }
}

/// <summary>What waits for one folder. Workers take it in batches; an mbox has one worker at a time, a Maildir any number.</summary>
/// <param name="folder">The folder.</param>
/// <param name="lane">How soon.</param>
/// <param name="host">This host's name.</param>
/// <param name="owner">What is written into dot-locks.</param>
/// <param name="isUndecided">Whether recipes have still to decide about a message that an earlier run left, by its queue id.</param>
/// <param name="time">The clock.</param>
internal sealed class FolderQueue(FolderRef folder, Lane lane, string host, string owner, Func<string, bool> isUndecided, TimeProvider time)
{
    // An mbox is worth its lock. Maildir copies cost the same alone, and small batches can be shared by two workers.
    private const int MaxMboxBatch = 64;
    private const int MaxMaildirBatch = 16;

    private Queue<Copy> _waiting = [];
    private bool _mayBeTorn = true;
    private string? _lastId;
    private bool _hasLastId;
    private readonly MaildirFolder? _maildir = folder.Format == FolderFormat.Maildir ? new(folder, host) : null;
    private readonly MboxFolder? _mbox = folder.Format == FolderFormat.Mbox ? new(folder, owner, time) : null;

    public FolderRef Folder => folder;

    public Lane Lane => lane;

    public int Count => _waiting.Count;

    /// <summary>Whether it stands in line for a worker.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether it waits for <see cref="RetryAt"/>.</summary>
    public bool IsResting { get; set; }

    /// <summary>Workers at it.</summary>
    public int Workers { get; set; }

    /// <summary>Whether another worker may take a batch.</summary>
    public bool MayTake => _waiting.Count > 0 && !IsReady && !IsResting && (Workers == 0 || _mbox is null) && !AwaitsTorn;

    // The last copy in the file may be torn, and its message still with the recipes: what is written behind it now would bury it.
    private bool AwaitsTorn => _mbox is not null && _mayBeTorn && LastId() is { } id && isUndecided(id.Split('.')[0]);

    /// <summary>Failures since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>The last error's text.</summary>
    public string? Error { get; private set; }

    /// <summary>When to try again.</summary>
    public DateTimeOffset RetryAt { get; private set; }

    public void Add(Copy copy) => _waiting.Enqueue(copy);

    public List<Copy> Take()
    {
        if (_mbox is not null && _mayBeTorn && _waiting.TryPeek(out var first) && first.Message.Replayed)
        {
            BringForward(LastId());
        }

        _mayBeTorn = false;
        var count = Math.Min(_waiting.Count, _mbox is null ? MaxMaildirBatch : MaxMboxBatch);
        var batch = new List<Copy>(count);
        for (var i = 0; i < count; i++)
        {
            batch.Add(_waiting.Dequeue());
        }

        return batch;
    }

    /// <summary>Delivers copies; those that fail are left in the list. Called without any lock held.</summary>
    /// <param name="batch">The copies.</param>
    /// <param name="spool">Where they are.</param>
    /// <param name="beforeEach">Called when another piece of work begins.</param>
    /// <param name="error">What went wrong.</param>
    public List<Copy> Deliver(List<Copy> batch, SpoolLog spool, Action? beforeEach, out IOException? error)
    {
        var delivered = new List<Copy>(batch.Count);
        error = null;
        try
        {
            if (_mbox is not null)
            {
                beforeEach?.Invoke();
                DeliverToMbox(batch, spool, delivered, _mbox);
            }
            else
            {
                DeliverToMaildir(batch, spool, delivered, _maildir!, beforeEach);
            }
        }
        catch (IOException problem)
        {
            error = problem;
        }
        catch (Exception problem) when (problem is UnauthorizedAccessException or System.Text.Json.JsonException or ArgumentException)
        {
            // A message that cannot be read back or a folder that is not ours: kept, shown, tried again; never the end of the worker.
            error = new IOException(problem.Message, problem);
        }

        return delivered;
    }

    /// <summary>Puts back what failed, the one that failed last: a message that cannot be written must not hold up the rest.</summary>
    public void PutBack(List<Copy> failed, string? error)
    {
        foreach (var copy in failed.Skip(1).Concat(failed.Take(1)))
        {
            _waiting.Enqueue(copy);
        }

        if (error is null)
        {
            // Somebody else holds the mbox's lock: soon again, never the same moment as another waiter.
            RetryAt = time.GetUtcNow() + TimeSpan.FromMilliseconds(Random.Shared.Next(5, 50));
            return;
        }

        Error = error;
        RetryAt = time.GetUtcNow() + BackOff.After(++Failures);
    }

    public void Succeeded()
    {
        Failures = 0;
        Error = null;
    }

    private string? LastId()
    {
        if (!_hasLastId)
        {
            _lastId = _mbox!.LastId();
            _hasLastId = true;
        }

        return _lastId;
    }

    // The copy that a kill may have torn is the last in the file. Its message comes first, so that it is mended before anything is
    // written behind it.
    private void BringForward(string? id)
    {
        var torn = _waiting.Where(c => MboxFolder.IdOf(c.Message.Entry, c.Target) == id).ToList();
        _waiting = new(torn.Concat(_waiting.Except(torn)));
    }

    private static void DeliverToMaildir(List<Copy> batch, SpoolLog spool, List<Copy> delivered, MaildirFolder maildir, Action? beforeEach)
    {
        foreach (var copy in batch)
        {
            beforeEach?.Invoke();
            maildir.Deliver(copy.Message.Entry, copy.Read(spool), copy.Target, copy.Message.Replayed);
            delivered.Add(copy);
        }
    }

    // After a failure a part may be in the file already; only then is the file searched.
    private void DeliverToMbox(List<Copy> batch, SpoolLog spool, List<Copy> delivered, MboxFolder mbox)
    {
        var count = mbox.Deliver([.. batch.Select(c =>
            new MboxDelivery(c.Message.Entry, c.Read(spool), c.Target, c.Message.Replayed || Failures > 0))]);
        delivered.AddRange(batch.Take(count));
    }
}
