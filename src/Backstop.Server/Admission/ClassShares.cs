using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Mail;

namespace Backstop.Server.Admission;

/// <summary>
/// Limits how much of each resource a class of mail may use: connections, the spool's queue, its disk. While there is
/// plenty every class may use all of it. As it fills, suspects are refused first, then the null sender, then ordinary
/// mail, and known correspondents last.
/// </summary>
internal sealed class ClassShares(BackstopOptions options, ClientHistory history, SpoolRoom room, Func<int> sessions, Func<int> waiting)
{
    /// <summary>How long a client may be silent between messages while connections are short.</summary>
    public static readonly TimeSpan CrowdedTimeout = TimeSpan.FromSeconds(10);

    private volatile BackstopOptions _options = options;

    private readonly int[] _sessions = new int[Enum.GetValues<MailClass>().Length];

    /// <summary>Goes by another configuration from now on.</summary>
    public void Take(BackstopOptions now) => _options = now;

    /// <summary>Whether connections are short, so that silent ones are closed soon.</summary>
    public bool IsCrowded => !HasConnections(MailClass.NullSender);

    /// <summary>Returns the class of a client's mail from a sender.</summary>
    public MailClass ClassOf(ClientIdentity client, ReversePath path)
    {
        var standing = Standing(client);
        return path.IsNull && standing != MailClass.Suspect ? MailClass.NullSender : standing;
    }

    /// <summary>Whether a client may connect, judged by what is known of its address.</summary>
    public bool MayConnect(ClientIdentity client) => HasConnections(Standing(client));

    /// <summary>Whether a session is expected to bring real mail before its client has sent a command.</summary>
    public bool ExpectsRealMail(ClientIdentity client) => history.BringsRealMail(client.Address);

    /// <summary>Whether a session of a class may continue.</summary>
    public bool HasConnections(MailClass mail) => sessions() <= Share(mail) * (long)_options.Smtp.MaxConnections / 100;

    /// <summary>Whether the spool has room for a class.</summary>
    public bool HasRoom(MailClass mail) => waiting() < Share(mail) * (long)_options.Spool.MaxWaiting / 100 && !room.IsShortFor(Share(mail));

    /// <summary>
    /// How many sessions are in a class, by their last message. A session without a message is in no class.
    /// </summary>
    public int Sessions(MailClass mail) => Volatile.Read(ref _sessions[(int)mail]);

    /// <summary>Moves a session from one class to another; null for no class.</summary>
    public void Move(MailClass? from, MailClass? to)
    {
        if (from == to)
        {
            return;
        }

        if (from is { } left)
        {
            Interlocked.Decrement(ref _sessions[(int)left]);
        }

        if (to is { } entered)
        {
            Interlocked.Increment(ref _sessions[(int)entered]);
        }
    }

    /// <summary>Whether a client is a server of our own.</summary>
    public bool IsOurs(ClientIdentity client) => OwnClients.Has(_options, client);

    private MailClass Standing(ClientIdentity client) => IsOurs(client) ? MailClass.Known : history.Of(client.Address);

    private int Share(MailClass mail) => mail switch
    {
        MailClass.Known => 100,
        MailClass.Ordinary => _options.Lanes.Ordinary,
        MailClass.NullSender => _options.Lanes.NullSender,
        _ => _options.Lanes.Suspect,
    };
}
