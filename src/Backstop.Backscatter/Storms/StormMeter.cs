namespace Backstop.Backscatter.Storms;

/// <summary>Detects storms of one kind at one victim: calm, storm, calm. Not thread-safe.</summary>
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

    /// <summary>Whether there is a storm now.</summary>
    public bool IsStorm { get; private set; }

    /// <summary>When the last message was seen.</summary>
    public DateTimeOffset LastSeen { get; private set; }

    /// <summary>Returns the present rate a minute.</summary>
    /// <param name="now">The time.</param>
    public double RatePerMinute(DateTimeOffset now) => _fast.At(now) / _fastWindow.TotalMinutes;

    /// <summary>Counts a message.</summary>
    /// <param name="source">The host or domain that it came from.</param>
    /// <param name="now">The time.</param>
    /// <param name="network">The client's network, if a sender can invent the source; empty if unknown.</param>
    /// <returns>Whether a storm begins with this message.</returns>
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

        // Compared with the usual rate before it.
        var begins = StandsOut(now) && IsSpread(rule.Sources, now);
        _baseline.Add(now);
        IsStorm = begins;
        return begins;
    }

    /// <summary>Continues a storm that began in an earlier run.</summary>
    /// <param name="now">The time.</param>
    public void Resume(DateTimeOffset now)
    {
        IsStorm = true;
        LastSeen = now;
        _quietSince = null;
    }

    /// <summary>Checks whether the storm has ended.</summary>
    /// <param name="now">The time.</param>
    /// <returns>Whether it has just ended.</returns>
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

    // A few messages in one minute, or any number from one host, do not keep a storm going: that would be cheaper than
    // starting it.
    private bool IsQuiet(DateTimeOffset now) => _slow.At(now) < rule.QuietShare * rule.SlowCount || !IsSpread(rule.QuietSources, now);

    private bool IsSpread(int sources, DateTimeOffset now) =>
        _sources.Count(now) >= sources && (_networks is null || _networks.Count(now) >= sources);

    private double Usual(TimeSpan window, DateTimeOffset now) => _baseline.At(now) * (window / _baselineWindow);
}
