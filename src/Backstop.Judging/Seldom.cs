namespace Backstop.Judging;

/// <summary>
/// When to log what can go on without end, such as what strangers provoke: at once, then at most once a minute, with the count
/// since the start.
/// </summary>
internal sealed class Seldom(TimeProvider time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(1);

    private long _count;
    private long _loggedAt;

    /// <summary>Counts one more.</summary>
    /// <param name="count">How many there were since the start.</param>
    /// <returns>Whether it is time for a line.</returns>
    public bool Count(out long count)
    {
        count = Interlocked.Increment(ref _count);
        var last = Interlocked.Read(ref _loggedAt);
        var now = time.GetTimestamp();
        return (last == 0 || time.GetElapsedTime(last, now) >= _every) && Interlocked.CompareExchange(ref _loggedAt, now, last) == last;
    }
}
