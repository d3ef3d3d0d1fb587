namespace Backstop.MailAuth.Dnsbl;

/// <summary>
/// Whether a list's test points were looked at lately enough to believe that it lists somebody. So a list that begins to list
/// everybody, or a resolver that answers for it, is believed some twenty times and a second longer, not until the next regular
/// test.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TestPoints(TimeProvider time)
{
    /// <summary>Listings that are believed after one look.</summary>
    public const int Most = 20;

    /// <summary>How long a look is good for.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(1);

    /// <summary>However many it lists, not looked at more often: in a storm of bounces true listings are many.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task? _looking;
    private long? _lookedAt;
    private int _listings;

    /// <summary>Notes that they have been looked at, and gave an answer.</summary>
    public void NoteLook()
    {
        lock (_gate)
        {
            _lookedAt = time.GetTimestamp();
            _listings = 0;
        }
    }

    /// <summary>Counts a listing; looks again where it is time. One look, however many wait for it.</summary>
    /// <param name="look">Looks at them, and calls <see cref="NoteLook"/> where there was an answer.</param>
    /// <returns>Whether there was one lately.</returns>
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
