using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Delivery;

/// <summary>
/// Runs recipes before folders are written: several messages at the same time within a limit, real mail first. A
/// message whose recipes fail stays in the spool and is tried again; it delays no other.
/// </summary>
internal sealed partial class RecipeStage : IDisposable
{
    private static readonly TimeSpan _fullPause = TimeSpan.FromMilliseconds(50);

    private volatile Dictionary<FolderRef, MailboxRecipes> _recipes;
    private readonly SpoolLog _spool;

    // A clock for retries that never goes back, so that a clock that is set back does not delay them.
    private readonly SteadyTime _time;
    private readonly ILogger _log;
    private readonly object _gate = new();
    private readonly Queue<RecipeJob>[] _waiting = [new(), new()];
    private readonly Resting<RecipeJob> _resting;
    private readonly UserTurns _turns;
    private readonly int _parallel;
    private Thread[] _workers = [];
    private bool _isStarted;
    private int _awake;
    private int _inProgram;
    private bool _stopping;

    public RecipeStage(IEnumerable<MailboxRecipes> recipes, int parallel, SpoolLog spool, TimeProvider time, ILogger log)
    {
        _recipes = recipes.ToDictionary(r => r.Inbox);
        _spool = spool;
        _time = new(time);
        _log = log;
        _parallel = parallel;

        // Recipes of one user may take as long as they like; those of others must not wait for them.
        _turns = new(Math.Max(1, parallel / 2));
        _resting = new(_gate, j => j.RetryAt, Wake, _time);
    }

    /// <summary>Receives the copies that recipes have decided on.</summary>
    public Action<RecipeJob, IReadOnlyList<RecipeCopy>>? Planned { get; set; }

    /// <summary>Called for recipes that must run again later.</summary>
    public Action<RecipeJob>? Postponed { get; set; }

    /// <summary>Asked before recipes run: false where they are not to run, because the message is stopped or goes elsewhere.</summary>
    public Func<RecipeJob, bool>? Begins { get; set; }

    /// <summary>Whether so many changed messages wait in memory for their folders that no recipes may run.</summary>
    public Func<bool>? IsFull { get; set; }

    /// <summary>Whether so many changed messages of a user wait for folders that no recipes of this user may run.</summary>
    public Func<UserAccount, bool>? IsFullOf { get; set; }

    /// <summary>Mailboxes with messages whose recipes failed.</summary>
    public IReadOnlyList<FailingFolder> Failing
    {
        get
        {
            lock (_gate)
            {
                return [.. _resting.Items.Where(j => j.IsWanted).GroupBy(t => t.Recipes.Inbox).Select(g =>
                    new FailingFolder(g.Key, g.Count(), g.Max(t => t.Failures), g.Last().Error, g.Min(t => t.RetryAt)))];
            }
        }
    }

    /// <summary>Starts the workers; where there are no recipes, once there are.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _isStarted = true;
            if (_workers.Length > 0 || _recipes.Count == 0 || _stopping)
            {
                return;
            }

            _workers = [
                .. Enumerable.Range(0, _parallel).Select(i => new Thread(Work) { IsBackground = true, Name = $"recipes {i}" })];
            _awake = _workers.Length;
        }

        foreach (var worker in _workers)
        {
            worker.Start();
        }
    }

    /// <summary>The recipes of a mailbox; null where it has none.</summary>
    public MailboxRecipes? Of(FolderRef inbox) => _recipes.GetValueOrDefault(inbox);

    /// <summary>
    /// Goes by other recipes from now on. A message that is with the old ones is done by them; <see cref="IsCurrent"/> tells of those that
    /// wait.
    /// </summary>
    public void Take(Dictionary<FolderRef, MailboxRecipes> recipes)
    {
        _recipes = recipes;
        if (_isStarted)
        {
            Start();
        }
    }

    /// <summary>Whether the recipes are those of the present configuration.</summary>
    public bool IsCurrent(RecipeJob job) => _recipes.GetValueOrDefault(job.Recipes.Inbox) == job.Recipes;

    /// <summary>Takes a copy if recipes decide about its folder.</summary>
    /// <param name="message">The message that the copy is of.</param>
    /// <param name="target">The number of the copy.</param>
    /// <param name="folder">The folder that it is for.</param>
    public bool TryAdd(InDelivery message, int target, FolderRef folder)
    {
        if (_recipes.Count == 0 || !_recipes.TryGetValue(folder, out var recipes))
        {
            return false;
        }

        lock (_gate)
        {
            _waiting[(int)message.Lane].Enqueue(new(message, target, message[target].Version, recipes));
            WakeAnother();
        }

        return true;
    }

    /// <summary>Forgets recipes that wait for their next try.</summary>
    public void Drop(RecipeJob job)
    {
        lock (_gate)
        {
            _resting.Remove(job);
        }
    }

    /// <summary>Runs recipes now that wait for their next try.</summary>
    public void TryNow(RecipeJob job)
    {
        lock (_gate)
        {
            if (_resting.Remove(job))
            {
                Wake(job);
            }
        }
    }

    // Threads that wait for a program cost nothing. Of the others, more than there are cores would only take turns.
    private void WakeAnother()
    {
        if (_awake - _inProgram < Environment.ProcessorCount && _waiting.Any(w => w.Count > 0))
        {
            Monitor.Pulse(_gate);
        }
    }

    private void OnProgram(bool begins)
    {
        lock (_gate)
        {
            _inProgram += begins ? 1 : -1;
            WakeAnother();
        }
    }

    /// <summary>Stops after the present messages. A program that is running is waited for.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        _resting.Dispose();
        foreach (var worker in _workers.Where(w => w.ThreadState != ThreadState.Unstarted))
        {
            worker.Join();
        }
    }

    private void Work()
    {
        while (Next() is { } job)
        {
            if (Begins?.Invoke(job) != false)
            {
                Run(job);
            }

            lock (_gate)
            {
                if (_turns.End(job) is { } next)
                {
                    Wake(next);
                }
            }
        }
    }

    private void Run(RecipeJob job)
    {
        IReadOnlyList<RecipeCopy> plan = [];
        try
        {
            if (job.Recipes.User is { } user && IsFullOf?.Invoke(user) == true)
            {
                throw new IOException($"too much mail that recipes have changed waits for the folders of {user.Name}");
            }

            job.Error = job.Recipes.Run(_spool.Read(job.Message.Entry), job.Target, OnProgram, out plan) ?? "";
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or ArgumentException or System.Text.Json.JsonException)
        {
            job.Error = error.Message;
        }

        if (job.Error.Length == 0)
        {
            Planned!(job, plan);
        }
        else
        {
            Rest(job);
        }
    }

    private RecipeJob? Next()
    {
        lock (_gate)
        {
            RecipeJob? job = null;
            while (!_stopping && IsFull?.Invoke() == true)
            {
                Monitor.Wait(_gate, _fullPause);
            }

            while (!_stopping && (job = Dequeue()) is null)
            {
                _awake--;
                Monitor.Wait(_gate);
                _awake++;
            }

            return _stopping ? null : job;
        }
    }

    private RecipeJob? Dequeue()
    {
        while (_waiting[(int)Lane.Real].TryDequeue(out var job) || _waiting[(int)Lane.Flood].TryDequeue(out job))
        {
            if (_turns.TryBegin(job))
            {
                return job;
            }
        }

        return null;
    }

    private void Rest(RecipeJob job)
    {
        job.RetryAt = _time.GetUtcNow() + BackOff.After(++job.Failures);
        LogFailed(job.Recipes.Inbox.Path, job.Message.Entry.QueueId, job.Error, job.RetryAt);
        lock (_gate)
        {
            _resting.Add(job);
        }

        Postponed?.Invoke(job);
    }

    private void Wake(RecipeJob job)
    {
        _waiting[(int)job.Message.Lane].Enqueue(job);
        WakeAnother();
    }

    [LoggerMessage(
        3002, LogLevel.Warning,
        "Recipes of {Mailbox} failed for {QueueId}: {Error}; kept in the spool, next try {RetryAt:O}")]
    private partial void LogFailed(string mailbox, string queueId, string error, DateTimeOffset retryAt);
}
