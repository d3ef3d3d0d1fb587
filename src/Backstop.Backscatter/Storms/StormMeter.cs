namespace Backstop.Backscatter.Storms;

/// <summary>Watches one kind of mail to one victim: calm, storm, calm. Not for several threads at once.</summary>
/// <param name="rule">When a storm begins and ends.</param>
internal sealed class StormMeter(StormRule rule)
{
    private static readonly TimeSpan _fastWindow = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _slowWindow = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan _baselineWindow = TimeSpan.FromDays(7);

    private readonly Diversity _sources = new(_slowWindow);
    private Diversity? _networks;
    private DecayedCount _fast = new(_fastWindow);
    private DecayedCount _slow = new(_slowWindow);
    private DecayedCount _baseline = new(_baselineWindow);
    private DateTimeOffset? _quietSince;

    /// <summary>Whether there is a storm.</summary>
    public bool IsStorm { get; private set; }

    /// <summary>When something was last seen.</summary>
    public DateTimeOffset LastSeen { get; private set; }

    /// <summary>How many a minute, just now.</summary>
    /// <param name="now">When.</param>
    public double RatePerMinute(DateTimeOffset now) => _fast.At(now) / _fastWindow.TotalMinutes;

    /// <summary>Counts a message.</summary>
    /// <param name="source">Whom it came from.</param>
    /// <param name="now">When.</param>
    /// <param name="network">The network it came from, where a source can be invented; empty where that is not known.</param>
    /// <returns>Whether a storm begins with it.</returns>
    public bool Add(string source, DateTimeOffset now, string network = "")
    {
        ArgumentNullException.ThrowIfNull(network);
        LastSeen = now;
        _fast.Add(now);
        _slow.Add(now);
        _sources.Add(source, now);
        if (network.Length > 0)
        {
            (_networks ??= new(_slowWindow)).Add(network, now);
        }

        if (IsStorm)
        {
            _quietSince = IsQuiet(now) ? _quietSince ?? now : null;
            return false;
        }

        // Judged against what was usual before it.
        var begins = StandsOut(now) && IsSpread(rule.Sources, now);
        _baseline.Add(now);
        IsStorm = begins;
        return begins;
    }

    /// <summary>Takes up a storm that had begun before the program did.</summary>
    /// <param name="now">When.</param>
    public void Resume(DateTimeOffset now)
    {
        IsStorm = true;
        LastSeen = now;
        _quietSince = null;
    }

    /// <summary>Looks whether the storm is over.</summary>
    /// <param name="now">When.</param>
    /// <returns>Whether it is over now.</returns>
    public bool Ends(DateTimeOffset now)
    {
        if (!IsStorm || !IsQuiet(now))
        {
            _quietSince = null;
            return false;
        }

        _quietSince ??= now;
        IsStorm = now - _quietSince < rule.CalmAfter;
        return !IsStorm;
    }

    private bool StandsOut(DateTimeOffset now) =>
        _fast.At(now) >= Math.Max(rule.FastCount, rule.Factor * Usual(_fastWindow, now))
            || _slow.At(now) >= Math.Max(rule.SlowCount, rule.Factor * Usual(_slowWindow, now));

    // A few messages in one minute, or any number from one host, keep nothing up: that would be cheaper than what began it.
    private bool IsQuiet(DateTimeOffset now) => _slow.At(now) < rule.QuietShare * rule.SlowCount || !IsSpread(rule.QuietSources, now);

    private bool IsSpread(int sources, DateTimeOffset now) =>
        _sources.Count(now) >= sources && (_networks is null || _networks.Count(now) >= sources);

    private double Usual(TimeSpan window, DateTimeOffset now) => _baseline.At(now) * (window / _baselineWindow);
}
