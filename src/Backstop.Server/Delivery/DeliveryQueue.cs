using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Delivery;

/// <summary>
/// Delivers the messages of the spool to folders. Real mail has its own worker, so a flood never delays it. A delivery
/// that fails stays in the spool, is tried again with growing pauses, and causes no message.
/// </summary>
internal sealed partial class DeliveryQueue : IDisposable
{
    // Messages changed by recipes are kept in memory until they are in their folder.
    private const long MaxRemade = 64 << 20;

    // In milliseconds: a hundred copies a second are delivered however much real mail arrives.
    private const int LongestStandBack = 10;

    // How long a stop waits for copies that recipes have decided on.
    private static readonly TimeSpan _drainPatience = TimeSpan.FromSeconds(10);

    private readonly SpoolLog _spool;
    private readonly TimeProvider _time;

    // A clock for retries that never goes back, so that a clock that is set back does not delay them.
    private readonly SteadyTime _steady;
    private readonly BackstopMetrics _metrics;
    private readonly ILogger<DeliveryQueue> _log;
    private readonly string _host;
    private readonly object _gate = new();
    private readonly Dictionary<(DeliveryPlace Place, Lane Lane), FolderQueue> _folders = [];
    private readonly ReadyFolders _ready;
    private readonly Resting<FolderQueue> _resting;
    private readonly HashSet<string> _undecided = new(StringComparer.Ordinal);
    private readonly Thread[] _workers;
    private readonly ManualResetEventSlim _stopped = new(initialState: false, spinCount: 0);
    private readonly RecipeStage? _recipes;
    private readonly Func<bool>? _isRealNow;
    private readonly LateScans _late;
    private long _remade;
    private int _planned;
    private int _waiting;
    private bool _draining;

    /// <summary>Starts the workers.</summary>
    /// <param name="spool">Holds the messages, and is told of those delivered.</param>
    /// <param name="host">This host's name, for file names.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">The counters.</param>
    /// <param name="log">Gets a line for each delivery and each failure.</param>
    public DeliveryQueue(SpoolLog spool, string host, TimeProvider time, BackstopMetrics metrics, ILogger<DeliveryQueue> log)
        : this(spool, host, time, metrics, log, null)
    {
    }

    internal DeliveryQueue(
        SpoolLog spool, string host, TimeProvider time, BackstopMetrics metrics, ILogger<DeliveryQueue> log,
        RecipeStage? recipes, Func<bool>? mayScan = null, Func<bool>? isRealNow = null)
    {
        _ready = new(_gate);
        _isRealNow = isRealNow;
        _steady = new(time);
        _late = new(spool, mayScan ?? (static () => true), _steady, log) { Decided = AddDecided };
        _recipes = recipes;
        _spool = spool;
        _host = host;
        _time = time;
        _metrics = metrics;
        _log = log;
        metrics.Observe("backstop.spool.waiting", "{message}", "Messages accepted and not yet in all their folders.", () => Waiting);
        _workers = [Worker(Lane.Real, Lane.Real), Worker(Lane.Real, Lane.Flood)];
        _resting = new(_gate, q => q.RetryAt, Wake, _steady);
        if (recipes is not null)
        {
            recipes.Begins = BeginRecipes;
            recipes.Planned = AddPlanned;
            recipes.Postponed = Postpone;
            recipes.IsFull = () => Interlocked.Read(ref _remade) > MaxRemade;
            recipes.IsFullOf = HasTooMuchOf;
            recipes.Start();
        }
    }

    /// <summary>How many messages are not yet in all their folders.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Called for each delivered copy of real mail, with the seconds since it was accepted.</summary>
    internal Action<double>? RealDelivered { get; set; }

    /// <summary>The folders that cannot be delivered to now.</summary>
    public IReadOnlyList<FailingFolder> Failing
    {
        get
        {
            lock (_gate)
            {
                return [.. _folders.Values.Where(f => f.Error is not null).Select(f =>
                    new FailingFolder(f.Folder, f.Wanted, f.Failures, f.Error!, f.RetryAt)).Where(f => f.Waiting > 0),
                    .. _recipes?.Failing ?? []];
            }
        }
    }

    /// <summary>Adds a message that is in the spool.</summary>
    /// <param name="entry">The message's entry in the spool.</param>
    /// <param name="lane">The queue it waits in.</param>
    public void Add(SpoolEntry entry, Lane lane)
    {
        lock (_gate)
        {
            Add(new InDelivery(entry, lane, replayed: false));
        }
    }

    /// <summary>Adds a message that is scanned, and its folder decided, once filters keep up again.</summary>
    /// <param name="entry">The message's entry in the spool.</param>
    /// <param name="lane">The queue it waits in.</param>
    /// <param name="decide">Scans the message and returns its folders.</param>
    /// <param name="needed">What the scan needs; disposed of behind it.</param>
    internal void AddUnscanned(SpoolEntry entry, Lane lane, LateDecision decide, IDisposable? needed = null)
    {
        var message = new InDelivery(entry, lane, replayed: false, isLate: true);
        lock (_gate)
        {
            Remember(message);
        }

        if (!_late.TryAdd(message, decide, needed))
        {
            AddDecided(message, null);
        }
    }

    /// <summary>Ends late scans because the server stops: messages that wait for one are delivered unscanned.</summary>
    internal void BeginStop() => _late.Release();

    /// <summary>
    /// Adds messages that an earlier run left in the spool and may have delivered. All are added before any is
    /// delivered, so that the copy that was interrupted by a crash can be handled first.
    /// </summary>
    /// <param name="entries">The entries of the messages.</param>
    public void Replay(IEnumerable<SpoolEntry> entries)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                Add(new InDelivery(entry, entry.Folders.Any(f => f.IsInbox) ? Lane.Real : Lane.Flood, replayed: true));
            }
        }
    }

    private void AddDecided(InDelivery message, IReadOnlyList<string>? folders)
    {
        lock (_gate)
        {
            if (!message.IsGone)
            {
                message.Folders = message.IsRedirected ? null : folders;
                Place(message);
            }
        }
    }

    private void Add(InDelivery message)
    {
        Remember(message);
        if (message.IsFinished)
        {
            Forget(message);
            return;
        }

        Place(message);
    }

    private void Queue(DeliveryPlace place, Copy copy)
    {
        var queue = QueueOf(place, copy.Message.Lane);
        ref var state = ref copy.Message[copy.Index];
        (state.Place, state.Queue) = (CopyPlace.Folder, queue);
        queue.Add(copy);
        _ready.Offer(queue);
    }

    /// <summary>
    /// Stops after the present batches, and after copies that recipes have decided on are delivered. The rest stays in
    /// the spool.
    /// </summary>
    public void Dispose()
    {
        // Recipes of users may take for ever; then their helpers are ended, so that the stop is not held up, nor the decisions of others.
        using (Helpers is { } helpers ? _time.CreateTimer(_ => helpers.Dispose(), null, _drainPatience, Timeout.InfiniteTimeSpan) : null)
        {
            _recipes?.Dispose();
        }

        lock (_gate)
        {
            AwaitPlanned();
            _ready.Stop();
        }

        _stopped.Set();
        _late.Dispose();
        _resting.Dispose();
        foreach (var worker in _workers)
        {
            worker.Join();
        }

        EndUsers();
        _stopped.Dispose();
    }

    // A decision of recipes is kept only in memory: after a restart they would run again, with all their side effects.
    private void AwaitPlanned()
    {
        _draining = true;
        var began = _time.GetTimestamp();
        while (_planned > 0 && _folders.Values.Any(f => f.Workers > 0 || f.IsReady)
            && _drainPatience - _time.GetElapsedTime(began) is { Ticks: > 0 } left)
        {
            Monitor.Wait(_gate, left);
        }
    }

    // An mbox has one queue, because two workers would only wait for each other's lock.
    private FolderQueue QueueOf(DeliveryPlace place, Lane lane)
    {
        var key = (place, place.Folder.Format == FolderFormat.Mbox ? Lane.Real : lane);
        if (!_folders.TryGetValue(key, out var queue))
        {
            IFolderWriter writer = place.User is { } user
                ? new UserFolderWriter(place.Folder, _host, _spool.Instance, user, Helpers!)
                : new FolderWriter(place.Folder, _host, _spool.Instance, _steady);
            _folders[key] = queue = new(place, key.Item2, writer, _undecided.Contains, _steady);
        }

        return queue;
    }

    private Thread Worker(Lane first, Lane last)
    {
        var thread = new Thread(() => Work(first, last)) { IsBackground = true, Name = $"delivery {last}" };
        thread.Start();
        return thread;
    }

    private void Work(Lane first, Lane last)
    {
        while (true)
        {
            FolderQueue? queue;
            List<Copy> batch;
            lock (_gate)
            {
                queue = _ready.Await(first, last);
                if (queue is null)
                {
                    return;
                }

                queue.Workers++;
                if (queue.MustLook)
                {
                    _users.Run(queue.Place.User!, () => Look(queue));
                    continue;
                }

                batch = queue.Take(MayTake);
                _ready.Offer(queue);
            }

            if (batch.Count == 0)
            {
                Finish(queue, batch, [], null);
                continue;
            }

            if (queue.Place.User is { } user)
            {
                _users.Run(user, () => Deliver(queue, batch));
                continue;
            }

            Deliver(queue, batch);
        }
    }

    // A copy of the flood waits while real mail is being received, but not for long, since real mail may always be
    // there.
    private void StandBack()
    {
        for (var waited = 0; waited < LongestStandBack && _isRealNow?.Invoke() == true && !_stopped.Wait(1); waited++)
        {
        }
    }

    private void Finish(FolderQueue queue, List<Copy> batch, List<Copy> delivered, IOException? error)
    {
        foreach (var copy in delivered)
        {
            var age = Age(copy.Message.Entry);
            _metrics.Delivered(age);

            // The age of another user's mail says how his helper is: that must not decide what is left out for all.
            if (copy.Message is { Lane: Lane.Real, Replayed: false, IsLate: false } && queue.Place.User is null)
            {
                RealDelivered?.Invoke(age);
            }

            LogDelivered(copy.Message.Entry.QueueId, queue.Folder.Path, queue.Folder.Folder, age);
        }

        // Helpers sync what they write: a folder that another user may change is not opened here.
        if (delivered.Count > 0 && queue.Place.User is null)
        {
            _spool.Wrote(queue.Folder.Path);
        }

        lock (_gate)
        {
            queue.Workers--;
            _planned -= delivered.Count(c => c.IsPlanned);
            delivered.ForEach(c => NoteRemade(c.User, -c.Remade?.Length ?? 0));
            Settle(batch, delivered);
            if (_draining)
            {
                Monitor.PulseAll(_gate);
            }

            if (delivered.Count == batch.Count)
            {
                if (batch.Count > 0)
                {
                    queue.Succeeded();
                }

                _ready.Offer(queue);
                Tell();
                return;
            }

            queue.PutBack([.. batch.Where(c => !delivered.Contains(c))], error);
            Rest(queue);
            Tell();
        }

        if (error is not null)
        {
            _metrics.DeliveryFailed();
            LogFailed(queue.Folder.Path, queue.Folder.Folder, error.Message, queue.Count, queue.RetryAt);
        }
    }

    private void Rest(FolderQueue queue)
    {
        queue.IsResting = true;
        _resting.Add(queue);
    }

    // The upper bits of the id are the time of acceptance in milliseconds.
    private double Age(SpoolEntry entry) => Math.Max(0, (_time.GetUtcNow().ToUnixTimeMilliseconds() - (long)(entry.Id >> 16)) / 1000.0);

    private void Wake(FolderQueue queue)
    {
        queue.IsResting = false;
        _ready.Offer(queue);
    }

    [LoggerMessage(
        3001, LogLevel.Warning, "Delivery to {Mailbox} {Folder} failed: {Error}; {Waiting} waiting in the spool, next try {RetryAt:O}")]
    private partial void LogFailed(string mailbox, string folder, string error, int waiting, DateTimeOffset retryAt);

    [LoggerMessage(3008, LogLevel.Information, "{QueueId} delivered mailbox={Mailbox} folder={Folder} delay={Delay:F2}s")]
    private partial void LogDelivered(string queueId, string mailbox, string folder, double delay);
}
