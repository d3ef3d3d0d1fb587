namespace Backstop.Server.Admission;

/// <summary>
/// Delays the replies to clients that make too many errors. A delay holds neither a thread nor a turn. Only so many replies are delayed
/// at the same time that most connections stay free for others; beyond that, replies are sent at once.
/// </summary>
/// <param name="most">How many replies may be delayed at the same time.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends all delays, because the server stops.</param>
internal sealed class ErrorDelays(int most, TimeProvider time, CancellationToken stopping)
{
    private int _waiting;

    /// <summary>How many replies are delayed now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Waits before a reply; returns at once where too many wait already.</summary>
    /// <param name="delay">How long to wait.</param>
    public async Task WaitAsync(TimeSpan delay)
    {
        if (Interlocked.Increment(ref _waiting) <= most)
        {
            try
            {
                await Task.Delay(delay, time, stopping);
            }
            catch (OperationCanceledException)
            {
                // The reply is sent now, and the session ends.
            }
        }

        Interlocked.Decrement(ref _waiting);
    }
}
