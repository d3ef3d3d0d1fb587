using Microsoft.Extensions.Logging;

namespace Backstop.Judging;

/// <summary>What is left out under load, one step after the other.</summary>
internal enum LadderStep
{
    /// <summary>Everything is done.</summary>
    Full,

    /// <summary>Mail of known correspondents is not scanned: who is written to does not send spam.</summary>
    ScanOrdinary,

    /// <summary>Other mail is scanned later, from the spool.</summary>
    ScanLater,

    /// <summary>Nor are new messages of the null sender taken: they are asked to come again.</summary>
    RefuseReports,
}

/// <summary>
/// Watches how long real mail waits at each stage, and climbs while a queue stands: what counts is the shortest wait of a window,
/// for a burst that is worked off is no overload (CoDel, RFC 8289). Each step down comes by itself.
/// </summary>
internal sealed partial class Ladder : IDisposable
{
    private const int CalmWindows = 10;

    private static readonly TimeSpan _window = TimeSpan.FromSeconds(1);

    // For each stage, which shortest wait means that a queue stands.
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

    /// <summary>The step it stands on.</summary>
    public LadderStep Step => (LadderStep)_step;

    /// <summary>The step in words.</summary>
    public string Words => Step switch
    {
        LadderStep.ScanOrdinary => "known correspondents are not scanned",
        LadderStep.ScanLater => "mail is scanned later, from the spool",
        LadderStep.RefuseReports => "mail is scanned later, bounces are put off",
        _ => "full: everything is done",
    };

    /// <summary>A message waited so long for a filter.</summary>
    public void NoteScan(TimeSpan wait) => Note(0, wait);

    /// <summary>Real mail was so long on its way from acceptance to its folder.</summary>
    public void NoteDelivery(TimeSpan wait) => Note(1, wait);

    /// <summary>Real mail waited so long for the spool's disk.</summary>
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
        System.Globalization.CultureInfo.InvariantCulture, $"{(stage switch { 0 => "filters", 1 => "folders", _ => "the spool's disk" })} keep every message waiting, {wait.TotalSeconds:0.0} s and more");

    [LoggerMessage(8301, LogLevel.Warning, "ladder: {Words}, for {Why}")]
    private partial void LogUp(string words, string why);

    [LoggerMessage(8302, LogLevel.Information, "ladder, down again: {Words}")]
    private partial void LogDown(string words);
}
