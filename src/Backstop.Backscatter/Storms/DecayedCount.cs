namespace Backstop.Backscatter.Storms;

/// <summary>A count that fades: what happened a window ago weighs 1/e. Costs two numbers, whatever the rate.</summary>
/// <param name="window">The window.</param>
internal struct DecayedCount(TimeSpan window)
{
    private double _value;
    private long _ticks;

    /// <summary>Counts something.</summary>
    /// <param name="now">When. What comes late counts as of the latest seen.</param>
    /// <param name="weight">How much.</param>
    public void Add(DateTimeOffset now, double weight = 1)
    {
        _value = At(now) + weight;
        _ticks = Math.Max(_ticks, now.UtcTicks);
    }

    /// <summary>What is left of it.</summary>
    /// <param name="now">When.</param>
    public readonly double At(DateTimeOffset now) => _value * Math.Exp(-Math.Max(0, now.UtcTicks - _ticks) / (double)window.Ticks);
}
