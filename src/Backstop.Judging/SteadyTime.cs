namespace Backstop.Judging;

/// <summary>
/// A clock that never goes back, so that storms, deferrals, caches and retries end even if somebody sets the machine's
/// clock back a day. It follows the wall clock; if that is set back, it continues by the monotonic clock until the wall
/// clock has caught up.
/// </summary>
/// <param name="inner">The machine's clock.</param>
internal sealed class SteadyTime(TimeProvider inner) : TimeProvider
{
    private readonly Lock _gate = new();
    private long _stamp = inner.GetTimestamp();
    private DateTimeOffset _now = inner.GetUtcNow();

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            var (stamp, wall) = (inner.GetTimestamp(), inner.GetUtcNow());
            var steady = _now + inner.GetElapsedTime(_stamp, stamp);
            (_stamp, _now) = (stamp, wall > steady ? wall : steady);
            return _now;
        }
    }
}
