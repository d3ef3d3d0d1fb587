using System.Collections.Concurrent;
using System.Net;

namespace Backstop.Server.Storms;

/// <summary>Remembers which networks were asked to come again, as a greylist does: the first try is put off, a later one is judged. Bounded.</summary>
/// <param name="wait">How long after the first try the next one counts.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstTries(TimeSpan wait, TimeProvider time)
{
    private const int Max = 100_000;

    private static readonly TimeSpan _kept = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<(IPAddress Network, string Victim), DateTimeOffset> _first = new();

    /// <summary>Whether this try is to be put off.</summary>
    public bool PutsOff(IPAddress client, string victim)
    {
        var now = time.GetUtcNow();
        if (_first.Count >= Max)
        {
            Forget(now);
        }

        var first = _first.Count < Max ? _first.GetOrAdd((Network(client), victim), now) : now - wait;
        return now - first < wait;
    }

    public void Forget(DateTimeOffset now)
    {
        foreach (var entry in _first.Where(e => now - e.Value > _kept))
        {
            _first.TryRemove(entry);
        }
    }

    // Large senders try again from the host next door: RFC 6647 §5 says to compare networks.
    private static IPAddress Network(IPAddress client) => Networks.Front(client, 3, 8);
}
