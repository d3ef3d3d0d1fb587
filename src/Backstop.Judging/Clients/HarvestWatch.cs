using System.Net;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Clients;

/// <summary>What is done about a network that makes too many errors.</summary>
internal enum Harvesting
{
    /// <summary>Nothing: it has not made too many.</summary>
    None,

    /// <summary>Wanted mail comes from it: only a session with more unknown recipients than accepted ones is ended.</summary>
    Watched,

    /// <summary>It is turned away.</summary>
    Refused,
}

/// <summary>What is known of harvests.</summary>
/// <param name="Attempts">How often a network exceeded its budget since the start.</param>
/// <param name="Networks">How many networks are over it now.</param>
/// <param name="Last">The last one; empty for none.</param>
/// <param name="LastAt">When it did; null for none.</param>
internal readonly record struct HarvestFigures(long Attempts, int Networks, string Last, DateTimeOffset? LastAt);

/// <summary>
/// Counts the errors of each network, most of them recipients that do not exist, against the recipients whose mail it delivered.
/// This also stops a client that opens a session for every twenty guesses, or guesses from each address of its network in turn, to
/// find out which mailboxes exist. A large sender has dead addresses too, and many more that exist.
/// </summary>
/// <remarks>
/// In memory only, and bounded. A network that sent wanted mail lately is never turned away: only the session that
/// guesses is ended.
/// </remarks>
/// <param name="max">The number of errors allowed within ten minutes, besides one for each recipient that got mail.</param>
/// <param name="history">Knows which networks sent wanted mail.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets a line for each network that exceeds its budget.</param>
internal sealed partial class HarvestWatch(int max, ClientHistory history, TimeProvider time, ILogger<HarvestWatch> log)
{
    /// <summary>The time over which errors are counted, and for which the network is then turned away.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private const int MaxListed = 1000;

    private readonly Lock _gate = new();
    private volatile int _max = max;
    private readonly Generations<IPAddress, Tally> _networks = new(20_000, Window, time);
    private readonly Queue<long> _over = [];
    private (string Network, DateTimeOffset At)? _last;
    private long _attempts;

    /// <summary>The number of errors allowed from now on.</summary>
    public int Max
    {
        set => _max = value;
    }

    /// <summary>The figures for people.</summary>
    public HarvestFigures Figures
    {
        get
        {
            lock (_gate)
            {
                Drop();
                return new(_attempts, _over.Count, _last?.Network ?? "", _last?.At);
            }
        }
    }

    /// <summary>Counts an error.</summary>
    /// <param name="client">The client that asked for an unknown recipient, or broke the protocol; its network is counted.</param>
    public void Note(IPAddress client)
    {
        var network = ClientHistory.Near(client);
        (int Errors, long Accepted) told;
        lock (_gate)
        {
            var tally = TallyOf(network);
            if (++tally.Count <= _max + tally.Accepted || tally.IsTold)
            {
                return;
            }

            // Ten minutes from the first error, or from the one that exceeded the limit.
            (tally.IsTold, tally.Since) = (true, time.GetTimestamp());
            _attempts++;
            _last = (Text(network), time.GetUtcNow());
            _over.Enqueue(tally.Since);
            Drop();
            told = (tally.Count, tally.Accepted);
        }

        var action = history.HasWantedNear(client) ? "watch" : "refuse";
        LogHarvest(Text(network), client, told.Errors, told.Accepted, action, (int)Window.TotalMinutes);
    }

    /// <summary>Counts the recipients of a message that was accepted.</summary>
    /// <param name="client">The client that brought it.</param>
    /// <param name="recipients">How many mailboxes it is for.</param>
    public void NoteAccepted(IPAddress client, int recipients)
    {
        lock (_gate)
        {
            TallyOf(ClientHistory.Near(client)).Accepted += recipients;
        }
    }

    /// <summary>Whether a client's network is turned away.</summary>
    /// <param name="client">Any host; its network decides.</param>
    public bool IsHarvesting(IPAddress client) => Of(client) == Harvesting.Refused;

    /// <summary>What is done about a client's network.</summary>
    /// <param name="client">Any host; its network decides.</param>
    public Harvesting Of(IPAddress client)
    {
        lock (_gate)
        {
            if (!_networks.TryGet(ClientHistory.Near(client), out var tally) || tally.Count <= _max + tally.Accepted
                || time.GetElapsedTime(tally.Since) >= Window)
            {
                return Harvesting.None;
            }
        }

        return history.HasWantedNear(client) ? Harvesting.Watched : Harvesting.Refused;
    }

    private static string Text(IPAddress network) => network + (network.GetAddressBytes().Length == 4 ? "/24" : "/64");

    private Tally TallyOf(IPAddress network)
    {
        var now = time.GetTimestamp();
        if (!_networks.TryGet(network, out var tally))
        {
            tally = new() { Since = now };
            _networks.Add(network, tally);
        }

        if (time.GetElapsedTime(tally.Since, now) >= Window)
        {
            (tally.Since, tally.Count, tally.Accepted, tally.IsTold) = (now, 0, 0, false);
        }

        return tally;
    }

    // Forgets the networks whose time is over, and the oldest where there are too many to list.
    private void Drop()
    {
        while (_over.TryPeek(out var since) && (_over.Count > MaxListed || time.GetElapsedTime(since) >= Window))
        {
            _over.Dequeue();
        }
    }

    [LoggerMessage(
        2006, LogLevel.Warning,
        "harvest network={Network} client={Client} errors={Errors} accepted={Accepted} action={Action} minutes={Minutes}")]
    private partial void LogHarvest(string network, IPAddress client, int errors, long accepted, string action, int minutes);

    private sealed class Tally
    {
        public long Since { get; set; }

        public int Count { get; set; }

        public long Accepted { get; set; }

        public bool IsTold { get; set; }
    }
}
