namespace Backstop.Server.Spamd;

/// <summary>
/// Ends the wait for a client that is too slow: it must send <see cref="OctetsPerTerm"/> octets in each <see cref="Term"/>, and all
/// within a limit of its own. A client that waits for us is not slow: its time runs only while we read.
/// </summary>
internal sealed class SpamdPace : IDisposable
{
    public static readonly TimeSpan Term = TimeSpan.FromSeconds(10);

    /// <summary>The octets to send in each term: a kibibyte a second.</summary>
    public const int OctetsPerTerm = 10 << 10;

    private readonly CancellationTokenSource _term = new();
    private readonly ITimer _clock;
    private readonly CancellationTokenSource _all;
    private readonly CancellationTokenSource _either;
    private readonly TimeSpan _length;
    private readonly Action<long>? _told;
    private long _octets;

    /// <summary>Begins to wait.</summary>
    /// <param name="limit">The time limit for the whole message.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cut">Ends the wait too.</param>
    /// <param name="told">Called with the number of octets that arrived.</param>
    public SpamdPace(TimeSpan limit, TimeProvider time, CancellationToken cut, Action<long>? told = null)
    {
        _told = told;
        _length = limit < Term ? limit : Term;
        _clock = time.CreateTimer(static term => End((CancellationTokenSource)term!), _term, _length, Timeout.InfiniteTimeSpan);
        _all = new(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_term.Token, _all.Token, cut);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Records octets that arrived; enough of them begin a new term.</summary>
    public void Came(long octets)
    {
        _told?.Invoke(octets);
        _octets += octets;
        if (_octets >= OctetsPerTerm)
        {
            _octets = 0;
            _clock.Change(_length, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _clock.Dispose();
        _either.Dispose();
        _all.Dispose();
        _term.Dispose();
    }

    private static void End(CancellationTokenSource term)
    {
        try
        {
            term.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The client was done in the same instant.
        }
    }
}
