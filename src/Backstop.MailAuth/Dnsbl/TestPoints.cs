namespace Backstop.MailAuth.Dnsbl;

/// <summary>
/// Tells whether a list's test points were checked lately enough to believe a listing. If a list, or a resolver in its
/// place, begins to list everybody, only some twenty listings and one second's worth are believed, not all until the
/// next regular test.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TestPoints(TimeProvider time)
{
    /// <summary>The most listings that one check vouches for.</summary>
    public const int Most = 20;

    /// <summary>How long one check vouches for listings.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The shortest time between two checks, however many listings there are: in a storm of bounces many listings are
    /// true.
    /// </summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task? _looking;
    private long? _lookedAt;
    private int _listings;

    /// <summary>Records a check that gave an answer.</summary>
    public void NoteLook()
    {
        lock (_gate)
        {
            _lookedAt = time.GetTimestamp();
            _listings = 0;
        }
    }

    /// <summary>Counts a listing, and checks the test points if it is time. Concurrent callers share one check.</summary>
    /// <param name="look">Checks the test points, and calls <see cref="NoteLook"/> if there was an answer.</param>
    /// <returns>Whether there was a check lately.</returns>
    public async Task<bool> AreKnownAsync(Func<CancellationToken, Task> look)
    {
        Task looking;
        lock (_gate)
        {
            _listings++;
            if (IsFresh())
            {
                return true;
            }

            looking = _looking is { IsCompleted: false } ? _looking : _looking = look(CancellationToken.None);
        }

        await looking;
        lock (_gate)
        {
            return IsFresh();
        }
    }

    private bool IsFresh() =>
        _lookedAt is { } at && time.GetElapsedTime(at) is var age && (age < Pause || (age < GoodFor && _listings <= Most));
}
