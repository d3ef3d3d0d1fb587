namespace Backstop.Backscatter.Storms;

/// <summary>A count that decays: an event one window ago weighs 1/e. Takes two numbers, whatever the rate.</summary>
/// <param name="window">How long it takes until an event weighs 1/e.</param>
internal struct DecayedCount(TimeSpan window)
{
    private double _value;
    private long _ticks;

    /// <summary>Counts an event.</summary>
    /// <param name="now">The time; an earlier time than the latest counts as the latest.</param>
    /// <param name="weight">How many events it counts for.</param>
    public void Add(DateTimeOffset now, double weight = 1)
    {
        _value = At(now) + weight;
        _ticks = Math.Max(_ticks, now.UtcTicks);
    }

    /// <summary>Returns the decayed count.</summary>
    /// <param name="now">The time.</param>
    public readonly double At(DateTimeOffset now) => _value * Math.Exp(-Math.Max(0, now.UtcTicks - _ticks) / (double)window.Ticks);
}
