using System.Net;

namespace Backstop.Judging.Clients;

/// <summary>
/// Counts the unknown recipients that each network asked for. This also stops a client that opens a session for every
/// twenty guesses, or guesses from each address of its network in turn, to find out which mailboxes exist.
/// </summary>
/// <remarks>
/// In memory only, and bounded. A network that sent wanted mail lately is never turned away: only the session that
/// guesses is ended.
/// </remarks>
/// <param name="max">The number of guesses allowed within ten minutes.</param>
/// <param name="history">Knows which networks sent wanted mail.</param>
/// <param name="time">The clock.</param>
internal sealed class HarvestWatch(int max, ClientHistory history, TimeProvider time)
{
    /// <summary>The time over which guesses are counted, and for which the network is then turned away.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Generations<IPAddress, Tally> _networks = new(20_000, Window, time);

    /// <summary>Counts a guess.</summary>
    /// <param name="client">The client that asked for an unknown recipient; its network is counted.</param>
    public void Note(IPAddress client)
    {
        var network = ClientHistory.Near(client);
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (!_networks.TryGet(network, out var tally))
            {
                tally = new() { Since = now };
                _networks.Add(network, tally);
            }

            // Ten minutes from the first guess, or from the one that exceeded the limit.
            if (time.GetElapsedTime(tally.Since, now) >= Window)
            {
                (tally.Since, tally.Count) = (now, 0);
            }

            if (++tally.Count == max + 1)
            {
                tally.Since = now;
            }
        }
    }

    /// <summary>Whether a client's network is turned away.</summary>
    /// <param name="client">The client.</param>
    public bool IsHarvesting(IPAddress client)
    {
        lock (_gate)
        {
            if (!_networks.TryGet(ClientHistory.Near(client), out var tally) || tally.Count <= max
                || time.GetElapsedTime(tally.Since) >= Window)
            {
                return false;
            }
        }

        return !history.HasWantedNear(client);
    }

    private sealed class Tally
    {
        public long Since { get; set; }

        public int Count { get; set; }
    }
}
