namespace Backstop.Server.Admission;

/// <summary>
/// How many of a flood's messages a second real mail can bear: fewer when threads run late or the disk is slow, more when they do
/// not. Additive increase, multiplicative decrease, as TCP does it.
/// </summary>
internal sealed class FloodRate
{
    private const double Max = 20_000;
    private const double Min = 250;
    private const double Decrease = 0.85;
    private const double Increase = 1.04;

    private static readonly TimeSpan _syncTarget = TimeSpan.FromMilliseconds(6);

    private double _rate = Max;

    /// <summary>Messages a second.</summary>
    public double PerSecond => Volatile.Read(ref _rate);

    /// <summary>Whether it slows anybody down.</summary>
    public bool IsSlowed => PerSecond < Max;

    /// <summary>Nobody needs to be slowed down.</summary>
    public void Free() => Volatile.Write(ref _rate, Max);

    /// <summary>Takes the next step.</summary>
    /// <param name="late">How late a thread ran that wanted to run.</param>
    /// <param name="target">How late it may.</param>
    /// <param name="sync">The longest that real mail waited for the disk.</param>
    /// <param name="seen">The flood's messages a second, as they came: the first step down begins there.</param>
    public void Steer(TimeSpan late, TimeSpan target, TimeSpan sync, double seen)
    {
        var rate = late > target || sync > _syncTarget
            ? Math.Max(Min, (IsSlowed ? _rate : Math.Max(Min, seen)) * Decrease)
            : Math.Min(Max, _rate * Increase);
        Volatile.Write(ref _rate, rate);
    }
}
