using System.Runtime.InteropServices;

namespace Backstop.Judging;

/// <summary>
/// What happened lately, for people who look: decisions, counts a minute, how fast real mail got through. Bounded, in memory.
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

    /// <summary>Since when it counts.</summary>
    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>Notes a decision.</summary>
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

    /// <summary>Notes that real mail has reached its folder.</summary>
    /// <param name="milliseconds">How long that took, from the end of its data on.</param>
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

    /// <summary>The latest decisions in which a text occurs, the latest first.</summary>
    public IReadOnlyList<Decision> Find(string text, int max)
    {
        lock (_gate)
        {
            return [.. _decisions.Reverse().Where(d => text.Length == 0 || d.Has(text)).Take(max)];
        }
    }

    /// <summary>What there is to show.</summary>
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

    // The last two hours, minute by minute, without gaps.
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

/// <summary>A minute's counts by outcome.</summary>
/// <param name="At">Seconds since 1970.</param>
/// <param name="Counts">By <see cref="Outcome"/>.</param>
internal sealed record MinuteCount(long At, IReadOnlyList<long> Counts);

/// <summary>How often something was said.</summary>
internal sealed record ReasonCount(string Stage, string Reason, long Count);

/// <summary>What there is to show.</summary>
/// <param name="Since">Since when decisions and reasons are counted; outcomes are those of the last 24 hours.</param>
/// <param name="Now">The time.</param>
/// <param name="Outcomes">By <see cref="Outcome"/>, the last 24 hours.</param>
/// <param name="Minutes">The last two hours.</param>
/// <param name="Reasons">The most frequent first.</param>
/// <param name="LastReal">When real mail last reached its folder; null for never.</param>
/// <param name="P50">Milliseconds from the end of data to the folder, of real mail, in the last hour.</param>
/// <param name="P99">The same.</param>
/// <param name="Slowest">The same.</param>
/// <param name="Measured">Of how many.</param>
internal sealed record ActivityFigures(
    DateTimeOffset Since, DateTimeOffset Now, IReadOnlyList<long> Outcomes, IReadOnlyList<MinuteCount> Minutes, IReadOnlyList<ReasonCount> Reasons, DateTimeOffset? LastReal,
    double P50, double P99, double Slowest, int Measured)
{
    public long Of(Outcome outcome) => Outcomes[(int)outcome];
}
