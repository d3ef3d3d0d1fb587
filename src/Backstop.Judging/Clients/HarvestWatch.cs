using System.Net;

namespace Backstop.Judging.Clients;

/// <summary>
/// Counts by network the addresses that were asked for and do not exist: whoever opens a session for every twenty guesses, or guesses from
/// every address of a network in turn, reads the list of mailboxes all the same.
/// </summary>
/// <remarks>In memory only and bounded. A network from which wanted mail came lately is never turned away: its guesses end with their
/// session.</remarks>
/// <param name="max">How many within ten minutes.</param>
/// <param name="history">Knows whence wanted mail came.</param>
/// <param name="time">The clock.</param>
internal sealed class HarvestWatch(int max, ClientHistory history, TimeProvider time)
{
    /// <summary>How long guesses are counted together, and how long the network is turned away then.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Generations<IPAddress, Tally> _networks = new(20_000, Window, time);

    /// <summary>Notes a guess.</summary>
    /// <param name="client">The address of the client that asked for an unknown recipient; its network is what is counted.</param>
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

            // Ten minutes from the first guess, or from the one that was too many.
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
