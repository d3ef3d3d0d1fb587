using Backstop.Mailboxes;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Backstop.Server.Users;

namespace Backstop.Server.Delivery;

/// <summary>
/// The copies that wait for one folder. Workers take them in batches; an mbox is written by one worker at a time, a
/// Maildir by any number.
/// </summary>
/// <param name="place">The Maildir or mbox folder to write to, and whose it is.</param>
/// <param name="lane">The queue that it belongs to.</param>
/// <param name="writer">Writes to the folder.</param>
/// <param name="isUndecided">Whether recipes have still to decide about a message of an earlier run, by its queue
/// id.</param>
/// <param name="time">The clock.</param>
internal sealed class FolderQueue(
    DeliveryPlace place, Lane lane, IFolderWriter writer, Func<string, bool> isUndecided, TimeProvider time)
{
    // An mbox is locked for each batch, so batches are large. In a Maildir each copy costs the same, and small batches
    // can be shared by two workers.
    private const int MaxMboxBatch = 64;
    private const int MaxMaildirBatch = 16;

    private Queue<Copy> _waiting = [];
    private bool _mayBeTorn = true;
    private string? _lastId;
    private bool _hasLastId;
    private bool _isDoubtful;
    private readonly bool _isMbox = place.Folder.Format == FolderFormat.Mbox;

    /// <summary>The folder, and whose it is.</summary>
    public DeliveryPlace Place => place;

    public FolderRef Folder => place.Folder;

    public Lane Lane => lane;

    public int Count => _waiting.Count;

    /// <summary>Whether the queue waits for a worker.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the queue waits until <see cref="RetryAt"/>.</summary>
    public bool IsResting { get; set; }

    /// <summary>How many workers deliver to the folder.</summary>
    public int Workers { get; set; }

    /// <summary>Whether another worker may take a batch.</summary>
    public bool MayTake =>
        _waiting.Count > 0 && !IsReady && !IsResting && (Workers == 0 || (!_isMbox && place.User is null)) && !AwaitsTorn;

    /// <summary>
    /// Whether <see cref="Look"/> must be called before copies are taken. The mbox of another user is not looked at while others wait.
    /// </summary>
    public bool MustLook => _isMbox && place.User is not null && _mayBeTorn && !_hasLastId;

    // The last copy in the mbox may be torn while its message is still with the recipes. A copy written now would
    // follow the torn part.
    private bool AwaitsTorn => _isMbox && _mayBeTorn && !MustLook && LastId() is { } id && isUndecided(id.Split('.')[0]);

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
        if (_isMbox && _mayBeTorn && _waiting.TryPeek(out var first) && (first.Message.Replayed || _isDoubtful))
        {
            BringForward(LastId());
        }

        _mayBeTorn = _isDoubtful = false;
        var most = !_isMbox ? MaxMaildirBatch : MaxMboxBatch;
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
            if (_isMbox)
            {
                beforeEach?.Invoke();
                Write(batch, spool, delivered);
            }
            else
            {
                foreach (var copy in batch)
                {
                    beforeEach?.Invoke();
                    Write([copy], spool, delivered);
                }
            }
        }
        catch (IOException problem)
        {
            error = problem;
            NoteLost(problem);
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

    /// <summary>Looks for the last copy in an mbox, before any is taken. Called without a lock.</summary>
    /// <param name="error">The failure; null where there was none.</param>
    public void Look(out IOException? error)
    {
        error = null;
        try
        {
            _ = LastId();
        }
        catch (IOException problem)
        {
            error = problem;
        }
    }

    private string? LastId()
    {
        if (!_hasLastId)
        {
            _lastId = writer.LastId();
            _hasLastId = true;
        }

        return _lastId;
    }

    // A helper that was ended while it wrote may have left a torn copy.
    private void NoteLost(IOException problem)
    {
        if (_isMbox && problem is HelperLostException)
        {
            _mayBeTorn = _isDoubtful = true;
            _hasLastId = false;
        }
    }

    // The last copy in the file may have been torn by a crash. Its message is delivered first, so that it is repaired
    // before anything is written after it.
    private void BringForward(string? id)
    {
        var torn = _waiting.Where(c => MboxFolder.IdOf(c.Message.Entry, c.Target) == id).ToList();
        _waiting = new(torn.Concat(_waiting.Except(torn)));
    }

    // After a failure a part may be in an mbox already. Only then is it searched.
    private void Write(List<Copy> copies, SpoolLog spool, List<Copy> delivered)
    {
        var written = writer.Deliver([.. copies.Select(c => Whole(c, c.Read(spool)))]);
        delivered.AddRange(copies.Where((_, i) => written[i]));
    }

    private FolderCopy Whole(Copy copy, SpoolContent content) =>
        new(copy.Message.Entry, content, copy.Target, copy.Message.Replayed || (_isMbox && Failures > 0))
        {
            Earlier = EarlierCopies.Of(copy, content.Envelope, place.Folder),
        };
}
