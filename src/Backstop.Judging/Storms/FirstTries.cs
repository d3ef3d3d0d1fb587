using System.Collections.Concurrent;
using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Judging.Storms;

/// <summary>
/// Remembers which networks were deferred, like a greylist: the first try is deferred, a later one is judged. Bounded.
/// </summary>
/// <param name="wait">How long after the first try the next one is judged.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstTries(TimeSpan wait, TimeProvider time)
{
    /// <summary>The most pairs of a network and a victim.</summary>
    internal const int Max = 100_000;

    private static readonly TimeSpan _kept = TimeSpan.FromDays(1);

    // Most servers try again within an hour or two: older entries are dropped first.
    private static readonly TimeSpan _keptWhenFull = TimeSpan.FromHours(6);

    private readonly ConcurrentDictionary<(IPAddress Network, string Victim), DateTimeOffset> _first = new();
    private int _count;

    /// <summary>
    /// Whether to defer this try. If the table is full, a new pair is judged at once: filling the table delays nobody's
    /// mail, and a lookup costs no more.
    /// </summary>
    public bool PutsOff(IPAddress client, string victim)
    {
        var now = time.GetUtcNow();
        var pair = (Network(client), victim);
        if (_first.TryGetValue(pair, out var first))
        {
            return now - first < wait;
        }

        if (Volatile.Read(ref _count) >= Max)
        {
            return false;
        }

        if (_first.TryAdd(pair, now))
        {
            Interlocked.Increment(ref _count);
        }

        return wait > TimeSpan.Zero;
    }

    /// <summary>Drops old entries. To be called every few seconds.</summary>
    public void Forget()
    {
        var now = time.GetUtcNow();
        var kept = Volatile.Read(ref _count) < Max ? _kept : _keptWhenFull;
        foreach (var entry in _first)
        {
            if (now - entry.Value > kept && _first.TryRemove(entry))
            {
                Interlocked.Decrement(ref _count);
            }
        }
    }

    // RFC 6647 §5 says to compare networks: large senders try again from another host in another data centre. If the
    // network is too wide, a try is only judged earlier.
    private static IPAddress Network(IPAddress client) => Networks.Front(client, 2, 4);
}
