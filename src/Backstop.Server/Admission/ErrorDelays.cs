namespace Backstop.Server.Admission;

/// <summary>
/// Has clients that make too many errors wait for their answers. A wait holds neither a thread nor a turn; so few may wait at the
/// same time that most connections stay free for others, and whoever comes when all waits are taken is answered at once.
/// </summary>
/// <param name="most">How many may wait.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends all waits, because the server stops.</param>
internal sealed class ErrorDelays(int most, TimeProvider time, CancellationToken stopping)
{
    private int _waiting;

    /// <summary>How many wait.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Holds an answer back; at once where too many are held back already.</summary>
    /// <param name="delay">How long the answer is held back.</param>
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
                // The answer goes out now, and the session ends.
            }
        }

        Interlocked.Decrement(ref _waiting);
    }
}
