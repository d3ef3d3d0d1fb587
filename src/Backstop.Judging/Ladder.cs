using Microsoft.Extensions.Logging;

namespace Backstop.Judging;

/// <summary>What is left out under load, step by step.</summary>
internal enum LadderStep
{
    /// <summary>Nothing is left out.</summary>
    Full,

    /// <summary>Mail of known correspondents is not scanned: they do not send spam.</summary>
    ScanOrdinary,

    /// <summary>Other mail is scanned later, from the spool.</summary>
    ScanLater,

    /// <summary>In addition, new messages of the null sender are deferred.</summary>
    RefuseReports,
}

/// <summary>
/// Measures how long real mail waits at each stage, and takes a step while a queue stands. What counts is the shortest
/// wait in a window, because a burst that is worked off is not an overload (CoDel, RFC 8289). Steps are taken back
/// automatically.
/// </summary>
internal sealed partial class Ladder : IDisposable
{
    private const int CalmWindows = 10;

    private static readonly TimeSpan _window = TimeSpan.FromSeconds(1);

    // For each stage, the shortest wait that means that a queue does not get shorter.
    private static readonly TimeSpan[] _targets = [TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(500)];

    private readonly ILogger<Ladder> _log;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly TimeSpan?[] _shortest = new TimeSpan?[_targets.Length];
    private int _calm;
    private volatile int _step;

    public Ladder(TimeProvider time, ILogger<Ladder> log)
    {
        _log = log;
        _timer = time.CreateTimer(_ => Look(), null, _window, _window);
    }

    /// <summary>The present step.</summary>
    public LadderStep Step => (LadderStep)_step;

    /// <summary>The present step, for people.</summary>
    public string Words => Step switch
    {
        LadderStep.ScanOrdinary => "known correspondents are not scanned",
        LadderStep.ScanLater => "mail is scanned later, from the spool",
        LadderStep.RefuseReports => "mail is scanned later, bounces are deferred",
        _ => "full: everything is done",
    };

    /// <summary>Records how long a message waited for a filter.</summary>
    public void NoteScan(TimeSpan wait) => Note(0, wait);

    /// <summary>Records how long real mail took from acceptance to its folder.</summary>
    public void NoteDelivery(TimeSpan wait) => Note(1, wait);

    /// <summary>Records how long real mail waited for the spool's disk.</summary>
    public void NoteSync(TimeSpan wait) => Note(2, wait);

    public void Dispose() => _timer.Dispose();

    private void Note(int stage, TimeSpan wait)
    {
        lock (_gate)
        {
            _shortest[stage] = _shortest[stage] is { } known && known < wait ? known : wait;
        }
    }

    private void Look()
    {
        string? late = null;
        lock (_gate)
        {
            for (var stage = 0; stage < _targets.Length; stage++)
            {
                late ??= _shortest[stage] > _targets[stage] ? Stage(stage, _shortest[stage]!.Value) : null;
                _shortest[stage] = null;
            }
        }

        if (late is not null)
        {
            _calm = 0;
            Climb(late);
        }
        else if (_step > 0 && ++_calm >= CalmWindows)
        {
            _calm = 0;
            _step--;
            LogDown(Words);
        }
    }

    private void Climb(string why)
    {
        if (Step < LadderStep.RefuseReports)
        {
            _step++;
            LogUp(Words, why);
        }
    }

    private static string Stage(int stage, TimeSpan wait) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{stage switch { 0 => "filters keep", 1 => "folders keep", _ => "the spool's disk keeps" }} every message waiting, "
        + $"{wait.TotalSeconds:0.0} s and more");

    [LoggerMessage(8301, LogLevel.Warning, "ladder up: {Words}, because {Why}")]
    private partial void LogUp(string words, string why);

    [LoggerMessage(8302, LogLevel.Information, "ladder down: {Words}")]
    private partial void LogDown(string words);
}
