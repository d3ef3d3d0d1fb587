using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Backstop.Server.Web.Pages;

namespace Backstop.Server.Web;

/// <summary>
/// Streams the overview to all open dashboards. It is made once a second for all of them, and their number is limited.
/// </summary>
/// <param name="make">Makes the overview; called at most once a second.</param>
/// <param name="logins">The logins. When one ends, all streams end, and browsers with a valid login reconnect.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled when the server stops.</param>
internal sealed class LiveOverview(Func<Overview> make, LoginSessions logins, TimeProvider time, CancellationToken stopping)
{
    /// <summary>The most streams at the same time. Each window has one.</summary>
    public const int MaxStreams = 64;

    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);

    // A browser reconnects by itself, and its login is checked again.
    private static readonly TimeSpan _atMost = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private string? _json;
    private long _madeAt;
    private int _streams;

    /// <summary>Whether no further stream may begin.</summary>
    public bool IsFull => Volatile.Read(ref _streams) >= MaxStreams;

    /// <summary>Returns the overview as JSON, at most a second old.</summary>
    public string Json()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_json is null || time.GetElapsedTime(_madeAt, now) >= _every)
            {
                _json = JsonSerializer.Serialize(make(), WebJson.Default.Overview);
                _madeAt = now;
            }

            return _json;
        }
    }

    /// <summary>Returns a stream of overviews.</summary>
    public async IAsyncEnumerable<SseItem<string>> StreamAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var number = Interlocked.Increment(ref _streams);
        try
        {
            using var limit = new CancellationTokenSource(_atMost, time);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping, logins.Ended, limit.Token);
            using var timer = new PeriodicTimer(_every, time);
            do
            {
                yield return new(Json());
            }
            while (number <= MaxStreams && await NextAsync(timer, ends.Token));
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
