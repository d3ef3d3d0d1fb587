using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;

namespace Backstop.Server.Delivery;

/// <summary>
/// The copies that wait for one folder. Workers take them in batches; an mbox is written by one worker at a time, a
/// Maildir by any number.
/// </summary>
/// <param name="folder">The Maildir or mbox folder to write to.</param>
/// <param name="lane">The queue that it belongs to.</param>
/// <param name="host">This host's name, for file names.</param>
/// <param name="owner">Written into dot-locks.</param>
/// <param name="isUndecided">Whether recipes have still to decide about a message of an earlier run, by its queue
/// id.</param>
/// <param name="time">The clock.</param>
internal sealed class FolderQueue(
    FolderRef folder, Lane lane, string host, string owner, Func<string, bool> isUndecided, TimeProvider time)
{
    // An mbox is locked for each batch, so batches are large. In a Maildir each copy costs the same, and small batches
    // can be shared by two workers.
    private const int MaxMboxBatch = 64;
    private const int MaxMaildirBatch = 16;

    private Queue<Copy> _waiting = [];
    private bool _mayBeTorn = true;
    private string? _lastId;
    private bool _hasLastId;
    private readonly EarlierCopies _earlier = new(host, owner, time);
    private readonly MaildirFolder? _maildir = folder.Format == FolderFormat.Maildir ? new(folder, host) : null;
    private readonly MboxFolder? _mbox = folder.Format == FolderFormat.Mbox ? new(folder, owner, time) : null;

    public FolderRef Folder => folder;

    public Lane Lane => lane;

    public int Count => _waiting.Count;

    /// <summary>Whether the queue waits for a worker.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the queue waits until <see cref="RetryAt"/>.</summary>
    public bool IsResting { get; set; }

    /// <summary>How many workers deliver to the folder.</summary>
    public int Workers { get; set; }

    /// <summary>Whether another worker may take a batch.</summary>
    public bool MayTake => _waiting.Count > 0 && !IsReady && !IsResting && (Workers == 0 || _mbox is null) && !AwaitsTorn;

    // The last copy in the mbox may be torn while its message is still with the recipes. A copy written now would
    // follow the torn part.
    private bool AwaitsTorn => _mbox is not null && _mayBeTorn && LastId() is { } id && isUndecided(id.Split('.')[0]);

    /// <summary>How many of the waiting copies are still wanted here.</summary>
    public int Wanted => _waiting.Count(c => c.IsWanted);

    /// <summary>Failed tries since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>The last error; null where there was none.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether the last error is that the mailbox, or its user, is over a quota.</summary>
    public bool IsOverQuota { get; private set; }

    /// <summary>The time of the next try.</summary>
    public DateTimeOffset RetryAt { get; private set; }

    public void Add(Copy copy) => _waiting.Enqueue(copy);

    /// <summary>Takes the next copies for a worker.</summary>
    /// <param name="mayTake">Whether a copy is to be delivered now; one that is not leaves the queue.</param>
    public List<Copy> Take(Func<FolderQueue, Copy, bool> mayTake)
    {
        if (_mbox is not null && _mayBeTorn && _waiting.TryPeek(out var first) && first.Message.Replayed)
        {
            BringForward(LastId());
        }

        _mayBeTorn = false;
        var most = _mbox is null ? MaxMaildirBatch : MaxMboxBatch;
        var batch = new List<Copy>(Math.Min(_waiting.Count, most));
        while (batch.Count < most && _waiting.TryDequeue(out var copy))
        {
            if (mayTake(this, copy))
            {
                batch.Add(copy);
            }
        }

        if (batch.Count + _waiting.Count == 0 && Workers <= 1)
        {
            // Nothing waits here any more, so nothing fails.
            Succeeded();
        }

        return batch;
    }

    /// <summary>Delivers copies. Those that fail are returned. Called without a lock.</summary>
    /// <param name="batch">The copies.</param>
    /// <param name="spool">The spool to read them from.</param>
    /// <param name="beforeEach">Called before each separate piece of work.</param>
    /// <param name="error">The failure; null where there was none.</param>
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
            // The message cannot be read from the spool, or the folder is not ours: it is kept, shown and tried again.
            // The worker must not end.
            error = new IOException(problem.Message, problem);
        }

        return delivered;
    }

    /// <summary>
    /// Puts failed copies back, the one that failed at the end, so that a message that cannot be written does not delay
    /// the others.
    /// </summary>
    public void PutBack(List<Copy> failed, IOException? error)
    {
        foreach (var copy in failed.Skip(1).Concat(failed.Take(1)))
        {
            _waiting.Enqueue(copy);
        }

        if (error is null)
        {
            // Another program holds the lock of the mbox: tried again soon, at a random time so that two waiters do not
            // meet again.
            RetryAt = time.GetUtcNow() + TimeSpan.FromMilliseconds(Random.Shared.Next(5, 50));
            return;
        }

        Error = error.Message;
        IsOverQuota = error.HResult == Libc.OverQuota;
        RetryAt = time.GetUtcNow() + BackOff.After(++Failures);
    }

    public void Succeeded()
    {
        Failures = 0;
        Error = null;
        IsOverQuota = false;
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

    // The last copy in the file may have been torn by a crash. Its message is delivered first, so that it is repaired
    // before anything is written after it.
    private void BringForward(string? id)
    {
        var torn = _waiting.Where(c => MboxFolder.IdOf(c.Message.Entry, c.Target) == id).ToList();
        _waiting = new(torn.Concat(_waiting.Except(torn)));
    }

    private void DeliverToMaildir(List<Copy> batch, SpoolLog spool, List<Copy> delivered, MaildirFolder maildir, Action? beforeEach)
    {
        foreach (var copy in batch)
        {
            beforeEach?.Invoke();
            var content = copy.Read(spool);
            if (!_earlier.Has(copy, content, folder))
            {
                maildir.Deliver(copy.Message.Entry, content, copy.Target, copy.Message.Replayed);
            }

            delivered.Add(copy);
        }
    }

    // After a failure a part may be in the file already. Only then is the file searched.
    private void DeliverToMbox(List<Copy> batch, SpoolLog spool, List<Copy> delivered, MboxFolder mbox)
    {
        var missing = new List<MboxDelivery>(batch.Count);
        var copies = new List<Copy>(batch.Count);
        foreach (var copy in batch)
        {
            var content = copy.Read(spool);
            if (_earlier.Has(copy, content, folder))
            {
                delivered.Add(copy);
                continue;
            }

            copies.Add(copy);
            missing.Add(new(copy.Message.Entry, content, copy.Target, copy.Message.Replayed || Failures > 0));
        }

        if (missing.Count > 0)
        {
            delivered.AddRange(copies.Take(mbox.Deliver(missing)));
        }
    }
}
