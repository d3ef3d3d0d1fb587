using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Judging.Clients;

/// <summary>
/// Remembers what clients brought lately: through which of them known correspondents write, and of which nobody wanted anything.
/// </summary>
/// <remarks>In memory only: after a restart everybody is ordinary. Bounded, and a flood of new clients displaces no known one.</remarks>
internal sealed class ClientHistory(TimeProvider time)
{
    // So much nobody wanted, and hardly anything else: a list with dead addresses, or a server with a few bounces, is not meant.
    private const int ManyUnwanted = 20;
    private const int UnwantedPerWanted = 10;

    // Who is known costs two questions to databases: not with every message.
    private const int AskEvery = 8;

    private static readonly object _yes = new();

    private readonly Lock _gate = new();
    private readonly Generations<IPAddress, object> _known = new(50_000, TimeSpan.FromDays(7), time);
    private readonly Generations<IPAddress, object> _wanted = new(50_000, TimeSpan.FromDays(1), time);
    private readonly Generations<IPAddress, Tally> _tallies = new(50_000, TimeSpan.FromHours(1), time);

    /// <summary>What a client is taken for: known, ordinary or suspect.</summary>
    public MailClass Of(IPAddress client)
    {
        var network = Network(client);
        lock (_gate)
        {
            return _known.TryGet(network, out _) ? MailClass.Known
                : _tallies.TryGet(network, out var tally) && tally.IsSuspect ? MailClass.Suspect
                : MailClass.Ordinary;
        }
    }

    /// <summary>
    /// Whether a client that comes again will most likely bring real mail: within the last hour or two most of what it brought was.
    /// </summary>
    public bool BringsRealMail(IPAddress client)
    {
        lock (_gate)
        {
            return _tallies.TryGet(Network(client), out var tally) && tally.Wanted > tally.Unwanted;
        }
    }

    /// <summary>Whether a message from a client's neighbourhood, its /24 or /64, reached an inbox within the last day or two.</summary>
    public bool HasWantedNear(IPAddress client)
    {
        lock (_gate)
        {
            return _wanted.TryGet(Near(client), out _);
        }
    }

    /// <summary>Notes a message that reached an inbox.</summary>
    /// <param name="client">Who brought it.</param>
    /// <param name="isKnown">Whether its sender is known to the recipient; asked now and then.</param>
    public void NoteWanted(IPAddress client, Func<bool> isKnown)
    {
        var network = Network(client);
        lock (_gate)
        {
            var near = Near(client);
            if (!_wanted.TryGet(near, out _))
            {
                _wanted.Add(near, _yes);
            }

            if ((TallyOf(network).Wanted++ % AskEvery) != 0 || _known.TryGet(network, out _))
            {
                return;
            }
        }

        // Outside the lock: it asks the disk.
        if (isKnown())
        {
            lock (_gate)
            {
                if (!_known.TryGet(network, out _))
                {
                    _known.Add(network, _yes);
                }
            }
        }
    }

    /// <summary>Notes a message that was refused for what it is, or put aside.</summary>
    public void NoteUnwanted(IPAddress client)
    {
        lock (_gate)
        {
            TallyOf(Network(client)).Unwanted++;
        }
    }

    private Tally TallyOf(IPAddress network)
    {
        if (!_tallies.TryGet(network, out var tally))
        {
            tally = new();
            _tallies.Add(network, tally);
        }

        return tally;
    }

    /// <summary>The network that hosts are neighbours in: whoever has many addresses has them there.</summary>
    public static IPAddress Near(IPAddress client) => Networks.Front(client, 3, 8);

    // A host has a whole /64.
    private static IPAddress Network(IPAddress client) => Networks.Front(client, 4, 8);

    private sealed class Tally
    {
        public int Wanted { get; set; }

        public int Unwanted { get; set; }

        public bool IsSuspect => Unwanted >= ManyUnwanted && Unwanted >= (long)Wanted * UnwantedPerWanted;
    }
}
