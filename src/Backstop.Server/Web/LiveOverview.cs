using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Backstop.Server.Web.Pages;

namespace Backstop.Server.Web;

/// <summary>Brings the overview to everybody who watches it: made once a second, however many they are, and for so many.</summary>
/// <param name="make">Makes the overview from the figures of the moment; called at most once a second.</param>
/// <param name="logins">The logins: when one ends, streams end, and whose login holds comes back.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">The server goes down.</param>
internal sealed class LiveOverview(Func<Overview> make, LoginSessions logins, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Streams at a time; a person has one a window.</summary>
    public const int MaxStreams = 64;

    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);

    // A browser comes back by itself, and its login is looked at again.
    private static readonly TimeSpan _atMost = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private string? _json;
    private long _madeAt;
    private int _streams;

    /// <summary>Whether no stream more can begin.</summary>
    public bool IsFull => Volatile.Read(ref _streams) >= MaxStreams;

    /// <summary>The overview as JSON, at most a second old.</summary>
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

    /// <summary>A stream of it.</summary>
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
