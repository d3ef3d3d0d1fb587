using System.Collections.Concurrent;
using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Judging.Clients;

/// <summary>What a try is.</summary>
internal enum FirstTry
{
    /// <summary>The first, or one that comes too early: it is deferred.</summary>
    Deferred,

    /// <summary>A later one, that is judged.</summary>
    Again,

    /// <summary>The first, and there is no room to remember it: it is judged at once.</summary>
    NoRoom,
}

/// <summary>
/// Remembers which networks were deferred, like a greylist: the first try is deferred, a later one is judged. Bounded.
/// </summary>
/// <param name="wait">How long after the first try the next one is judged.</param>
/// <param name="time">The clock.</param>
/// <param name="kept">How long a first try is remembered; null for a day.</param>
internal sealed class FirstTries(TimeSpan wait, TimeProvider time, TimeSpan? kept = null)
{
    /// <summary>The most pairs of a network and a victim.</summary>
    internal const int Max = 100_000;

    private readonly TimeSpan _kept = kept ?? TimeSpan.FromDays(1);

    // Most servers try again within an hour or two: older entries are dropped first.
    private static readonly TimeSpan _keptWhenFull = TimeSpan.FromHours(6);

    private readonly ConcurrentDictionary<(IPAddress Network, string Victim), DateTimeOffset> _first = new();
    private int _count;

    /// <summary>
    /// Whether to defer this try. If the table is full, a new pair is judged at once: filling the table delays nobody's
    /// mail, and a lookup costs no more.
    /// </summary>
    public bool PutsOff(IPAddress client, string victim) => Look(client, victim) == FirstTry.Deferred;

    /// <summary>Says what a try is, and remembers it where it is the first.</summary>
    public FirstTry Look(IPAddress client, string victim)
    {
        var now = time.GetUtcNow();
        var pair = (Network(client), victim);
        if (_first.TryGetValue(pair, out var first) && (now - first < _kept || !_first.TryUpdate(pair, now, first)))
        {
            return now - first < wait ? FirstTry.Deferred : FirstTry.Again;
        }

        if (Volatile.Read(ref _count) >= Max)
        {
            return FirstTry.NoRoom;
        }

        if (_first.TryAdd(pair, now))
        {
            Interlocked.Increment(ref _count);
        }

        return wait > TimeSpan.Zero ? FirstTry.Deferred : FirstTry.Again;
    }

    /// <summary>How many first tries are remembered.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Returns the first tries since a time.</summary>
    public IEnumerable<(IPAddress Network, string Victim, DateTimeOffset First)> Since(DateTimeOffset time) =>
        _first.Where(f => f.Value >= time).Select(f => (f.Key.Network, f.Key.Victim, f.Value));

    /// <summary>Remembers a first try of an earlier run.</summary>
    public void Restore(IPAddress network, string victim, DateTimeOffset first)
    {
        if (Count < Max && _first.TryAdd((network, victim), first))
        {
            Interlocked.Increment(ref _count);
        }
    }

    /// <summary>Drops old entries. To be called every few seconds.</summary>
    public void Forget()
    {
        var now = time.GetUtcNow();
        var age = Count < Max ? _kept : _keptWhenFull;
        foreach (var entry in _first)
        {
            if (now - entry.Value > age && _first.TryRemove(entry))
            {
                Interlocked.Decrement(ref _count);
            }
        }
    }

    // RFC 6647 §5 says to compare networks: large senders try again from another host in another data centre. If the
    // network is too wide, a try is only judged earlier.
    internal static IPAddress Network(IPAddress client) => Networks.Front(client, 2, 4);
}
