namespace Backstop.Server.Admission;

/// <summary>
/// How many messages of a flood real mail can bear a second: fewer when threads run late or the disk is slow, more
/// otherwise. Additive increase, multiplicative decrease, as in TCP.
/// </summary>
internal sealed class FloodRate
{
    private const double Max = 20_000;
    private const double Min = 250;
    private const double Decrease = 0.85;
    private const double Increase = 1.04;

    private static readonly TimeSpan _syncTarget = TimeSpan.FromMilliseconds(6);

    private double _rate = Max;

    /// <summary>The present limit, in messages a second.</summary>
    public double PerSecond => Volatile.Read(ref _rate);

    /// <summary>Whether there is a limit.</summary>
    public bool IsSlowed => PerSecond < Max;

    /// <summary>Removes the limit.</summary>
    public void Free() => Volatile.Write(ref _rate, Max);

    /// <summary>Adapts the limit.</summary>
    /// <param name="late">How late threads ran.</param>
    /// <param name="target">How late they may run.</param>
    /// <param name="sync">The longest time that real mail waited for the disk.</param>
    /// <param name="seen">The flood's messages a second; the first decrease begins from there.</param>
    public void Steer(TimeSpan late, TimeSpan target, TimeSpan sync, double seen)
    {
        var rate = late > target || sync > _syncTarget
            ? Math.Max(Min, (IsSlowed ? _rate : Math.Max(Min, seen)) * Decrease)
            : Math.Min(Max, _rate * Increase);
        Volatile.Write(ref _rate, rate);
    }
}
