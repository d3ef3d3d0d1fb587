using System.Reflection;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Server.Delivery;
using Backstop.SpamRules.Scanning;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>The result of a scan.</summary>
/// <param name="Message">The score, the rules that hit, and the reports.</param>
/// <param name="AutoLearn">The word in X-Spam-Status: ham, spam, no or disabled.</param>
internal readonly record struct FilterResult(ScannedMessage Message, string AutoLearn);

/// <summary>
/// Scans by the rules in this process: as many messages at once as there are cores; others wait in the order of their
/// arrival. The rules are read in the background after the start, and again when their files change. Where they cannot be
/// read, they are tried again until they can.
/// </summary>
internal sealed partial class SpamFilter : IDisposable
{
    private static readonly TimeSpan _renewAfter = TimeSpan.FromMinutes(1);

    private readonly BackstopOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SpamFilter> _log;
    private readonly SemaphoreSlim _slots;
    private readonly BayesStore? _store;
    private readonly SpamUsers _users;
    private readonly ITimer _timer;
    private Task<SpamEngine> _engine;
    private volatile string? _trouble;
    private volatile bool _isReplaced;
    private int _failures;
    private int _waiting;

    public SpamFilter(SpamStart start, BackstopOptions options, TimeProvider time, ILogger<SpamFilter> log)
    {
        (_options, _time, _log) = (options, time, log);
        Slots = options.Spam.MaxParallel > 0 ? options.Spam.MaxParallel : Environment.ProcessorCount;
        _slots = new(Slots);
        ReserveThreads(Slots);
        _store = start.Store;
        _users = new(options, time, log);
        _timer = time.CreateTimer(_ => Renew(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _engine = ReadAsync(start.Engine!, isNew: !start.IsSame);
    }

    /// <summary>
    /// The version in X-Spam-Checker-Version, after that of SpamAssassin, whose rules and format these are.
    /// </summary>
    public static string Version { get; } =
        "Backstop "
            + typeof(SpamFilter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    /// <summary>How many messages are scanned at once.</summary>
    public int Slots { get; }

    /// <summary>How many messages wait for their turn.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>The rules in use; null where they have not been read.</summary>
    public SpamEngine? Engine => IsReady ? _engine.Result : null;

    /// <summary>Whether the rules have been read.</summary>
    public bool IsReady => _engine.IsCompletedSuccessfully;

    /// <summary>Keeps what the filter's configuration has open until its result is disposed of; null where nothing closes it.</summary>
    public Func<IDisposable>? Hold { get; set; }

    /// <summary>Why no mail is scanned; null where the rules have been read, or are being read for the first time.</summary>
    public string? Trouble => _trouble;

    /// <summary>
    /// Scans a message. The octets must not change until the task has ended, even where the caller no longer waits for
    /// it.
    /// </summary>
    /// <param name="message">Its octets, as it was received.</param>
    /// <param name="user">Whose preferences count: the name that a client gives, or a mailbox's address; empty for the site's.</param>
    /// <param name="budget">The CPU time that is left for the message.</param>
    /// <param name="ct">Ends the wait.</param>
    public Task<FilterResult> ScanAsync(ReadOnlyMemory<byte> message, string user, MessageBudget budget, CancellationToken ct) =>
        InTurnAsync(engine =>
        {
            using var turn = _users.Begin(user, engine, _options.Spam.AutoLearn);
            var scanned = turn.Scanner.ScanWhole(message.Span, turn.Speaks ? turn.Learner : null, budget);
            var learns = _options.Spam.AutoLearn && turn.AutoLearns && !scanned.Result.IsUnjudged;
            return new FilterResult(scanned, learns && turn.Learner is { } learner ? scanned.AutoLearn(learner) : "disabled");
        }, ct);

    /// <summary>
    /// Learns a message (true: spam, false: ham) or forgets it (null). Returns false where nothing changed, or there is
    /// no learner.
    /// </summary>
    public Task<bool> LearnAsync(ReadOnlyMemory<byte> message, string user, bool? isSpam, CancellationToken ct) => InTurnAsync(
        engine =>
        {
            using var turn = _users.Begin(user, engine, isSpam is not null);
            return turn.Learns && turn.Learner is { } learner && (
                isSpam is { } kind ? learner.Learn(message.Span, kind) : learner.Forget(message.Span));
        }, ct);

    /// <summary>Ends the looks at the rule files: another configuration is in force, and mail that is under way has its rules.</summary>
    public void BeReplaced()
    {
        _isReplaced = true;
        LookAgain(Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _users.Dispose();
        _timer.Dispose();
        _slots.Dispose();
    }

    // Connections run on the thread that completed their read (inline scheduling). A scan there would block the others.
    private async Task<T> InTurnAsync<T>(Func<SpamEngine, T> work, CancellationToken ct)
    {
        // The work may outlast whoever asked for it, and with him a configuration that was replaced.
        using var held = Hold?.Invoke();
        var engine = await _engine.WaitAsync(ct);
        Interlocked.Increment(ref _waiting);
        try
        {
            await _slots.WaitAsync(ct);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return await Task.Run(
            () =>
            {
                try
                {
                    return work(engine);
                }
                finally
                {
                    _slots.Release();
                }
            },
            CancellationToken.None);
    }

    // Scans fill as many threads as there are slots. The pool adds threads only twice a second, so that even the reply to a PING would wait
    // for one.
    private static void ReserveThreads(int slots)
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, slots + Environment.ProcessorCount), ports);
    }

    private async Task<SpamEngine> ReadAsync(Task<SpamEngine> begun, bool isNew)
    {
        try
        {
            var engine = await begun;
            if (isNew)
            {
                Say(engine);
            }

            LookAgain(_renewAfter);
            return engine;
        }
        catch (Exception error)
        {
            Failed(error.Message);
            throw;
        }
    }

    private void Renew()
    {
        var old = IsReady ? _engine.Result : null;
        try
        {
            var engine = old?.Renewed(_options, _store, _time) ?? SpamEngine.Compile(SpamEngine.Read(_options), _options, _store, _time);
            if (old is null || (engine != old && engine.Scanner.ActiveRules > 0))
            {
                _engine = Task.FromResult(engine);
                _trouble = null;
                Say(engine);
            }

            LookAgain(_renewAfter);
        }
        catch (Exception error) when (old is not null)
        {
            // sa-update is running, or there is a bug. An exception that leaves a timer would end the process. The old
            // rules are used until the next look.
            LogNotRenewed(error.Message);
            LookAgain(_renewAfter);
        }
        catch (Exception error)
        {
            Failed(error.Message);
        }
    }

    // One look sets off the next, so two are never made at once.
    private void LookAgain(TimeSpan pause) => _timer.Change(_isReplaced ? Timeout.InfiniteTimeSpan : pause, Timeout.InfiniteTimeSpan);

    private void Failed(string error)
    {
        var pause = BackOff.After(++_failures);
        LogUnreadable(error, pause);
        LookAgain(pause);
        _trouble = $"they cannot be read ({error}); mail is delivered without a scan by them, and they are tried again";
    }

    private void Say(SpamEngine engine)
    {
        foreach (var diagnostic in engine.Diagnostics.Where(d => d.IsError))
        {
            LogLine(diagnostic.ToString());
        }

        // Reading the rules leaves more garbage than the rules themselves, and mail allocates so little that the
        // collector would not run for hours.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        LogReady(engine.Scanner.ActiveRules, engine.Scanner.Unsupported.Count, engine.LearnerSpeaks);
    }

    [LoggerMessage(6001, LogLevel.Information, "spam rules ready: {Active} run, {Unsupported} cannot, learner ready={Learner}")]
    private partial void LogReady(int active, int unsupported, bool learner);

    [LoggerMessage(
        6002, LogLevel.Error, "The spam rules cannot be read: {Error}; mail is delivered without a scan by them, tried again in {Pause}")]
    private partial void LogUnreadable(string error, TimeSpan pause);

    [LoggerMessage(6004, LogLevel.Error, "The changed spam rules cannot be read: {Error}; the old ones are used")]
    private partial void LogNotRenewed(string error);

    [LoggerMessage(6003, LogLevel.Warning, "spam rules: {Diagnostic}")]
    private partial void LogLine(string diagnostic);
}
