using System.Globalization;
using Backstop.Configuration.Options;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging;

/// <summary>
/// Knows how every store of the data folder fares, and says each change once: in the log, at /status and /healthz, and to whoever
/// is alerted. Mail goes on without any of them.
/// </summary>
internal sealed partial class StoreWatch(BackstopOptions options, TimeProvider time, ILogger<StoreWatch> log)
{
    // Shown for so long; what a loss changes in judging is asked of the stores themselves.
    private static readonly TimeSpan _shownFor = TimeSpan.FromDays(14);

    private readonly Lock _gate = new();
    private readonly List<StoreHealth> _all = [];
    private readonly List<Action> _checks = [];

    /// <summary>Told, in a sentence, of what is set aside and of what begins to fail. Told at once of what was before it was set.</summary>
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

    /// <summary>A line for each store that is not as it should be.</summary>
    public IEnumerable<string> Troubles => States.Where(IsShown).Select(Words);

    /// <summary>Watches a store that does not exist yet.</summary>
    /// <param name="name">What it holds.</param>
    /// <param name="path">Its file or folder.</param>
    public StoreHealth Add(string name, string path) => Add(new StoreHealth(name, path, time));

    /// <summary>Watches a store.</summary>
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

    /// <summary>Asks a store every few seconds whether it is still there.</summary>
    public void Check(Action check) => _checks.Add(check);

    /// <summary>Does that.</summary>
    public void Tick() => _checks.ForEach(c => c());

    /// <summary>How it is, in one word: <c>ok</c>, <c>lost</c>, or what is wrong just now.</summary>
    public static string Word(StoreState state) => state.Fault is { } fault ? Word(fault) : state.LostAt is not null ? "lost" : "ok";

    private bool IsShown(StoreState state) =>
        state.Fault is not null || (state.LostAt is { } at && time.GetUtcNow() - at < ShownFor(state));

    private TimeSpan ShownFor(StoreState state) => state.Name == StoreNames.Journal ? options.Backscatter.ProofWindow : _shownFor;

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

    private string Words(StoreState state) => state.Fault is { } fault
        ? $"{state.Name}: {state.Path} is {Word(fault)} ({state.Error}); mail goes on without it, and it is tried again. {Meaning(state)}"
        : string.Create(
        CultureInfo.InvariantCulture,
        $"{state.Name}: {state.Path} was damaged{(state.Error.Length > 0 ? $" ({state.Error})" : "")}; set aside as {state.SetAside}, "
            + $"and a new one begun {state.LostAt?.UtcDateTime:yyyy-MM-dd HH:mm} UTC. {Meaning(state)}");

    private string Meaning(StoreState state) => state.Name switch
    {
        StoreNames.Journal => state.Fault is not null
            ? "Bounces without another proof are filed, and none is refused for want of proof."
            : string.Create(
            CultureInfo.InvariantCulture,
            $"Bounces without another proof are filed, and none is refused for want of proof, until "
                + $"{(state.LostAt + options.Backscatter.ProofWindow)?.UtcDateTime:yyyy-MM-dd}."),
        StoreNames.Correspondents => "Nobody's mail is taken for an e-mail bomb meanwhile.",
        StoreNames.Bayes => "The learner's opinion is missing in scores.",
        StoreNames.Overrides => "What was set by hand is not in force: set it again.",
        StoreNames.Certificate => "STARTTLS has a new self-signed certificate.",
        _ => "Records of storms may be missing.",
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

    [LoggerMessage(5104, LogLevel.Information, "{Name}: {Path} works again")]
    private partial void LogWorks(string name, string path);
}

/// <summary>What the stores are called in log, status and metrics.</summary>
internal static class StoreNames
{
    public const string Journal = "journal";
    public const string Correspondents = "correspondents";
    public const string Bayes = "bayes";
    public const string Storms = "storms";
    public const string Overrides = "overrides";
    public const string Certificate = "certificate";
}
