namespace Backstop.Backscatter.Storms;

/// <summary>When a storm begins and ends.</summary>
/// <remarks>
/// There are two windows because floods have two speeds: 15,000 in a morning fill a minute, 600 in an evening only a
/// quarter of an hour. Either way the rate must exceed the recipient's own baseline, and the messages must come from
/// many sources: one server that repeats itself is not a storm.
/// </remarks>
public sealed record StormRule
{
    /// <summary>
    /// How many messages within about a minute begin a storm. Default 10: at 20 a minute it begins after 42 s.
    /// </summary>
    public double FastCount { get; init; } = 10;

    /// <summary>How many messages within about a quarter of an hour begin a storm. Default 40.</summary>
    public double SlowCount { get; init; } = 40;

    /// <summary>How many times the baseline the rate must be. Default 10.</summary>
    public double Factor { get; init; } = 10;

    /// <summary>The least number of sources. Default 5.</summary>
    public int Sources { get; init; } = 5;

    /// <summary>
    /// The part of <see cref="SlowCount"/> within about a quarter of an hour below which it is quiet. Default a
    /// quarter.
    /// </summary>
    public double QuietShare { get; init; } = 0.25;

    /// <summary>The least number of sources that is not quiet: half of those that begin a storm, rounded up.</summary>
    internal int QuietSources => (Sources + 1) / 2;

    /// <summary>How long it must be quiet before the storm is over. Default 30 minutes.</summary>
    public TimeSpan CalmAfter { get; init; } = TimeSpan.FromMinutes(30);
}
