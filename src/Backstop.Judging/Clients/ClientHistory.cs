using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Judging.Clients;

/// <summary>
/// Remembers what each client brought lately: mail of known correspondents, other wanted mail, or only unwanted mail.
/// </summary>
/// <remarks>
/// In memory only: after a restart every client is ordinary. Bounded; a flood of new clients does not displace known
/// ones.
/// </remarks>
internal sealed class ClientHistory(TimeProvider time)
{
    // A client is suspect after this much unwanted mail and hardly any other. Lists with dead addresses and servers
    // with a few bounces stay below it.
    private const int ManyUnwanted = 20;
    private const int UnwantedPerWanted = 10;

    // Whether a sender is known takes two database queries, so it is not asked for every message.
    private const int AskEvery = 8;

    private static readonly object _yes = new();

    private readonly Lock _gate = new();
    private readonly Generations<IPAddress, object> _known = new(50_000, TimeSpan.FromDays(7), time);
    private readonly Generations<IPAddress, object> _wanted = new(50_000, TimeSpan.FromDays(1), time);
    private readonly Generations<IPAddress, Tally> _tallies = new(50_000, TimeSpan.FromHours(1), time);

    /// <summary>Returns the class of a client: known, ordinary or suspect.</summary>
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
    /// Whether most of what the client brought in the last hour or two was real mail, so that its next message probably
    /// is too.
    /// </summary>
    public bool BringsRealMail(IPAddress client)
    {
        lock (_gate)
        {
            return _tallies.TryGet(Network(client), out var tally) && tally.Wanted > tally.Unwanted;
        }
    }

    /// <summary>Whether a message from the client's /24 or /64 network reached an inbox within the last day or two.</summary>
    public bool HasWantedNear(IPAddress client)
    {
        lock (_gate)
        {
            return _wanted.TryGet(Near(client), out _);
        }
    }

    /// <summary>Records a message that reached an inbox.</summary>
    /// <param name="client">The client that brought it.</param>
    /// <param name="isKnown">Asks whether the recipient knows the sender; called only now and then.</param>
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

        // Outside the lock, because it reads from the disk.
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

    /// <summary>Records a message that was refused for its content, or filed.</summary>
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

    /// <summary>
    /// Returns the network within which hosts count as neighbours: a sender with many addresses usually has them there.
    /// </summary>
    public static IPAddress Near(IPAddress client) => Networks.Front(client, 3, 8);

    // An IPv6 host has a whole /64.
    private static IPAddress Network(IPAddress client) => Networks.Front(client, 4, 8);

    private sealed class Tally
    {
        public int Wanted { get; set; }

        public int Unwanted { get; set; }

        public bool IsSuspect => Unwanted >= ManyUnwanted && Unwanted >= (long)Wanted * UnwantedPerWanted;
    }
}
