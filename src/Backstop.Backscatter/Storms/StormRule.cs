namespace Backstop.Backscatter.Storms;

/// <summary>When a storm begins and when it is over.</summary>
/// <remarks>
/// Two windows, because floods have two speeds: 15,000 in a morning fill a minute, 600 in an evening only a quarter of an hour.
/// Both must stand out from the recipient's own baseline, and come from many sources: one server that repeats itself is a nuisance,
/// no storm.
/// </remarks>
public sealed record StormRule
{
    /// <summary>How many within about a minute begin a storm. Default 10: reached after 42 s by 20 a minute.</summary>
    public double FastCount { get; init; } = 10;

    /// <summary>How many within about a quarter of an hour begin a storm. Default 40.</summary>
    public double SlowCount { get; init; } = 40;

    /// <summary>How many times the baseline it must be. Default 10.</summary>
    public double Factor { get; init; } = 10;

    /// <summary>From how many sources. Default 5.</summary>
    public int Sources { get; init; } = 5;

    /// <summary>
    /// Below which part of <see cref="SlowCount"/> within about a quarter of an hour it counts as quiet. Default a quarter.
    /// </summary>
    public double QuietShare { get; init; } = 0.25;

    /// <summary>From how many sources it must come not to count as quiet: half of what begins it, rounded up.</summary>
    internal int QuietSources => (Sources + 1) / 2;

    /// <summary>How long it must be quiet before the storm is over. Default 30 minutes.</summary>
    public TimeSpan CalmAfter { get; init; } = TimeSpan.FromMinutes(30);
}
