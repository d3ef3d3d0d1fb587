using System.Globalization;
using Backstop.Configuration.Options;
using Backstop.Judging.Protections;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging;

/// <summary>
/// Collects the state of every store in the data folder, and reports each change once: in the log, at /status and
/// /healthz, and by alert. Mail is received even if all of them fail.
/// </summary>
internal sealed partial class StoreWatch(BackstopOptions options, TimeProvider time, ILogger<StoreWatch> log)
{
    // How long a loss is shown; the stores themselves decide how long it affects judging.
    private static readonly TimeSpan _shownFor = TimeSpan.FromDays(14);

    private readonly Lock _gate = new();
    private volatile BackstopOptions _options = options;
    private readonly List<StoreHealth> _all = [];
    private readonly List<Action> _checks = [];

    /// <summary>
    /// Called with a sentence when a store is set aside or begins to fail; when set, called at once for earlier events.
    /// </summary>
    public Action<StoreState, string>? Told
    {
        get;
        set
        {
            field = value;
            foreach (var state in States.Where(s => IsShown(s) && value is not null))
            {
                value!(state, Words(state));
            }
        }
    }

    /// <summary>Every store.</summary>
    public IReadOnlyList<StoreState> States
    {
        get
        {
            lock (_gate)
            {
                return [.. _all.Select(h => h.State)];
            }
        }
    }

    /// <summary>Returns a line for each store with a fault or a recent loss.</summary>
    public IEnumerable<string> Troubles => States.Where(IsShown).Select(Words);

    /// <summary>Every store as a protection: without it mail is received, but knows less.</summary>
    public IEnumerable<Protection> Protections => States.Select(s => IsShown(s)
        ? new Protection("store", s.Name, ProtectionState.Down, Phrase(s), Todo(s))
        : new("store", s.Name, ProtectionState.On));

    /// <summary>Adds a store that does not exist yet.</summary>
    /// <param name="name">Its content.</param>
    /// <param name="path">Its file or folder.</param>
    public StoreHealth Add(string name, string path) => Add(new StoreHealth(name, path, time));

    /// <summary>Adds a store.</summary>
    public StoreHealth Add(StoreHealth health)
    {
        lock (_gate)
        {
            _all.Add(health);
        }

        if (IsShown(health.State))
        {
            Say(health.State);
        }

        health.Changed = Say;
        return health;
    }

    /// <summary>Adds a check that <see cref="Tick"/> runs every few seconds.</summary>
    public void Check(Action check)
    {
        lock (_gate)
        {
            _checks.Add(check);
        }
    }

    /// <summary>Goes by another configuration from now on.</summary>
    public void Take(BackstopOptions now) => _options = now;

    /// <summary>Forgets a store, and its check, that nobody uses any more.</summary>
    public void Remove(StoreHealth health, Action? check)
    {
        lock (_gate)
        {
            _all.Remove(health);
            _checks.RemoveAll(c => c == check);
        }

        health.Changed = null;
    }

    /// <summary>Runs the checks; one that fails leaves the others to be run.</summary>
    public void Tick()
    {
        Action[] checks;
        lock (_gate)
        {
            checks = [.. _checks];
        }

        foreach (var check in checks)
        {
            try
            {
                check();
            }
            catch (Exception error)
            {
                LogCheckFailed(error);
            }
        }
    }

    /// <summary>Returns the state in one word: <c>ok</c>, <c>lost</c>, or the present fault.</summary>
    public static string Word(StoreState state) => state.Fault is { } fault ? Word(fault) : state.LostAt is not null ? "lost" : "ok";

    private bool IsShown(StoreState state) =>
        state.Fault is not null || (state.LostAt is { } at && time.GetUtcNow() - at < ShownFor(state));

    private TimeSpan ShownFor(StoreState state) => state.Name == StoreNames.Journal ? _options.Backscatter.ProofWindow : _shownFor;

    private void Say(StoreState state)
    {
        if (state.Fault is not null)
        {
            LogFails(Words(state));
        }
        else if (IsShown(state) && state.Error.Length > 0)
        {
            LogSetAside(Words(state));
        }
        else if (state.SetAside is not null && IsShown(state))
        {
            LogMissed(Words(state));
            return;
        }
        else
        {
            LogWorks(state.Name, state.Path);
            return;
        }

        Told?.Invoke(state, Words(state));
    }

    private static string Todo(StoreState state) => state.SetAside is { } aside && state.Fault is null
        ? $"the damaged file is kept as {aside}; a new one is being filled"
        : "mail goes on without it; see that the server's user can read and write it";

    private string Words(StoreState state) => $"{state.Name}: {Phrase(state)}";

    private string Phrase(StoreState state) => state.Fault is { } fault
        ? $"{state.Path} is {Word(fault)} ({state.Error}); mail is received without it, and it is retried every few "
            + $"seconds. {Meaning(state)}"
        : string.Create(
        CultureInfo.InvariantCulture,
        $"{state.Path} was damaged{(state.Error.Length > 0 ? $" ({state.Error})" : "")}; it was set aside as "
            + $"{state.SetAside}, and a new one was begun {state.LostAt?.UtcDateTime:yyyy-MM-dd HH:mm} UTC. {Meaning(state)}");

    private string Meaning(StoreState state) => state.Name switch
    {
        StoreNames.Journal => state.Fault is not null
            ? "Meanwhile bounces without another proof are filed; none is refused for want of proof."
            : string.Create(
            CultureInfo.InvariantCulture,
            $"Bounces without another proof are filed, not refused, until "
                + $"{(state.LostAt + _options.Backscatter.ProofWindow)?.UtcDateTime:yyyy-MM-dd}."),
        StoreNames.Correspondents => "Meanwhile no mail is filed as part of an e-mail bomb, and none waits on the greylist.",
        StoreNames.Greylist => "Meanwhile no mail waits on the greylist.",
        StoreNames.Bayes => "Meanwhile spam scores do not include the learner.",
        StoreNames.Overrides => "Strict mode and blocks that were set by hand are not in force: set them again.",
        StoreNames.Certificate => "STARTTLS uses a new self-signed certificate.",
        StoreNames.ConfiguredCertificate => "Meanwhile clients get the certificate that was read before, or the one for all other names.",
        _ => "Records of some storms may be missing.",
    };

    private static string Word(StoreFault fault) => fault switch
    {
        StoreFault.ReadOnly => "read-only",
        StoreFault.Full => "on a full disk",
        StoreFault.Damaged => "damaged",
        StoreFault.Locked => "locked",
        _ => "unreadable",
    };

    [LoggerMessage(5101, LogLevel.Error, "{Words}")]
    private partial void LogFails(string words);

    [LoggerMessage(5102, LogLevel.Critical, "{Words}")]
    private partial void LogSetAside(string words);

    [LoggerMessage(5103, LogLevel.Warning, "{Words}")]
    private partial void LogMissed(string words);

    [LoggerMessage(5105, LogLevel.Error, "checking a store failed: a bug in Backstop; please report it")]
    private partial void LogCheckFailed(Exception error);

    [LoggerMessage(5104, LogLevel.Information, "{Name}: {Path} works again")]
    private partial void LogWorks(string name, string path);
}

/// <summary>The names of the stores in log, status and metrics.</summary>
internal static class StoreNames
{
    public const string Journal = "journal";
    public const string Correspondents = "correspondents";
    public const string Bayes = "bayes";
    public const string Greylist = "greylist";
    public const string Storms = "storms";
    public const string Overrides = "overrides";
    public const string Certificate = "certificate";
    public const string ConfiguredCertificate = "configured certificate";
}
