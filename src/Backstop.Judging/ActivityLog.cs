using System.Runtime.InteropServices;

namespace Backstop.Judging;

/// <summary>
/// Recent activity for the dashboard: decisions, counts for each minute, and how fast real mail was delivered. Bounded,
/// in memory.
/// </summary>
internal sealed class ActivityLog(TimeProvider time)
{
    private const int MaxDecisions = 5000;
    private const int MaxReasons = 500;
    private const int Hours = 24;
    private const int MaxLatencies = 2000;

    private static readonly int _outcomes = Enum.GetValues<Outcome>().Length;

    private readonly Lock _gate = new();
    private readonly Queue<Decision> _decisions = new(MaxDecisions);
    private readonly Dictionary<(string Stage, string Reason), long> _reasons = [];
    private readonly Dictionary<long, long[]> _minutes = [];
    private readonly Queue<(DateTimeOffset At, double Milliseconds)> _latencies = new(MaxLatencies);
    private DateTimeOffset? _lastReal;

    /// <summary>The start of the counting.</summary>
    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>Records a decision.</summary>
    public void Note(Decision decision)
    {
        lock (_gate)
        {
            if (_decisions.Count == MaxDecisions)
            {
                _decisions.Dequeue();
            }

            _decisions.Enqueue(decision);
            Minute(decision.At)[(int)decision.Outcome]++;
            var key = (decision.Stage, decision.Reason);
            if (_reasons.Count < MaxReasons || _reasons.ContainsKey(key))
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_reasons, key, out _)++;
            }
        }
    }

    /// <summary>Records that real mail has reached its folder.</summary>
    /// <param name="milliseconds">The time since the end of its data.</param>
    public void NoteReal(double milliseconds)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            _lastReal = now;
            if (_latencies.Count == MaxLatencies)
            {
                _latencies.Dequeue();
            }

            _latencies.Enqueue((now, milliseconds));
        }
    }

    /// <summary>Returns the latest decisions that contain a text, the latest first.</summary>
    public IReadOnlyList<Decision> Find(string text, int max)
    {
        lock (_gate)
        {
            return [.. _decisions.Reverse().Where(d => text.Length == 0 || d.Has(text)).Take(max)];
        }
    }

    /// <summary>Returns the figures to display.</summary>
    public ActivityFigures Figures()
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            var last = _latencies.Where(l => now - l.At < TimeSpan.FromHours(1)).Select(l => l.Milliseconds).Order().ToList();
            var sums = new long[_outcomes];
            foreach (var counts in _minutes.Values)
            {
                for (var i = 0; i < sums.Length; i++)
                {
                    sums[i] += counts[i];
                }
            }

            return new(
                Since, now, sums, Series(now), [
                    .. _reasons.OrderByDescending(r => r.Value).Select(r => new ReasonCount(r.Key.Stage, r.Key.Reason, r.Value))],
                _lastReal, Quantile(last, 0.5), Quantile(last, 0.99), last.Count == 0 ? 0 : last[^1], last.Count);
        }
    }

    private long[] Minute(DateTimeOffset at)
    {
        var minute = at.ToUnixTimeSeconds() / 60;
        ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_minutes, minute, out var exists);
        if (!exists)
        {
            var made = counts = new long[_outcomes];
            foreach (var old in _minutes.Keys.Where(m => m < minute - (Hours * 60)).ToList())
            {
                _minutes.Remove(old);
            }

            return made;
        }

        return counts!;
    }

    // The last two hours, one entry a minute without gaps.
    private List<MinuteCount> Series(DateTimeOffset now)
    {
        const int Shown = 120;
        var last = now.ToUnixTimeSeconds() / 60;
        var none = new long[_outcomes];
        return [.. Enumerable.Range(0, Shown).Select(i => last - Shown + 1 + i).Select(m =>
            new MinuteCount(m * 60, [.. _minutes.GetValueOrDefault(m) ?? none]))];
    }

    private static double Quantile(List<double> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(share * sorted.Count) - 1)];
}

/// <summary>The counts of one minute.</summary>
/// <param name="At">The minute's start, in seconds since 1970.</param>
/// <param name="Counts">The counts, indexed by <see cref="Outcome"/>.</param>
internal sealed record MinuteCount(long At, IReadOnlyList<long> Counts);

/// <summary>How often a reason was given at a stage.</summary>
internal sealed record ReasonCount(string Stage, string Reason, long Count);

/// <summary>The figures to display.</summary>
/// <param name="Since">The start of the counting of decisions and reasons; outcomes are those of the last 24
/// hours.</param>
/// <param name="Now">The time.</param>
/// <param name="Outcomes">The counts of the last 24 hours, indexed by <see cref="Outcome"/>.</param>
/// <param name="Minutes">The last two hours.</param>
/// <param name="Reasons">The most frequent first.</param>
/// <param name="LastReal">When real mail last reached its folder; null if never.</param>
/// <param name="P50">The median time of real mail from the end of data to the folder in the last hour, in
/// milliseconds.</param>
/// <param name="P99">The 99th percentile of that time.</param>
/// <param name="Slowest">The longest of these times.</param>
/// <param name="Measured">The number of messages measured.</param>
internal sealed record ActivityFigures(
    DateTimeOffset Since, DateTimeOffset Now, IReadOnlyList<long> Outcomes, IReadOnlyList<MinuteCount> Minutes,
    IReadOnlyList<ReasonCount> Reasons, DateTimeOffset? LastReal,
    double P50, double P99, double Slowest, int Measured)
{
    public long Of(Outcome outcome) => Outcomes[(int)outcome];
}
