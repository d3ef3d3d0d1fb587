namespace Backstop.Judging;

/// <summary>
/// Limits log lines about events that strangers can repeat without end: the first at once, then at most one a minute
/// with the count since the start.
/// </summary>
internal sealed class Seldom(TimeProvider time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(1);

    private long _count;
    private long _loggedAt;

    /// <summary>Counts an event.</summary>
    /// <param name="count">The number of events since the start.</param>
    /// <returns>Whether to log a line now.</returns>
    public bool Count(out long count)
    {
        count = Interlocked.Increment(ref _count);
        var last = Interlocked.Read(ref _loggedAt);
        var now = time.GetTimestamp();
        return (last == 0 || time.GetElapsedTime(last, now) >= _every) && Interlocked.CompareExchange(ref _loggedAt, now, last) == last;
    }
}
