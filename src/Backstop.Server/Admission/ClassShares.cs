using System.Net;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Mail;

namespace Backstop.Server.Admission;

/// <summary>
/// How much of each resource a class of mail may fill: connections, the spool's queue, its disk. While there is plenty everybody
/// has all of it; as it fills, suspects are turned away first, then bounces, then ordinary mail, and known correspondents last.
/// </summary>
internal sealed class ClassShares(BackstopOptions options, ClientHistory history, SpoolRoom room, Func<int> sessions, Func<int> waiting)
{
    /// <summary>How long a client may be silent between messages while connections run short.</summary>
    public static readonly TimeSpan CrowdedTimeout = TimeSpan.FromSeconds(10);

    private readonly int[] _sessions = new int[Enum.GetValues<MailClass>().Length];

    /// <summary>Whether connections run short, so that silent ones are ended soon.</summary>
    public bool IsCrowded => !HasConnections(MailClass.NullSender);

    /// <summary>The class of what a client sends.</summary>
    public MailClass ClassOf(ClientIdentity client, ReversePath path)
    {
        var standing = Standing(client);
        return path.IsNull && standing != MailClass.Suspect ? MailClass.NullSender : standing;
    }

    /// <summary>Whether a client's connection may be taken, its class being known as far as its address tells it.</summary>
    public bool MayConnect(ClientIdentity client) => HasConnections(Standing(client));

    /// <summary>Whether a client's session is taken for one of real mail before it has said anything.</summary>
    public bool ExpectsRealMail(ClientIdentity client) => history.BringsRealMail(client.Address);

    /// <summary>Whether a session of a class may go on.</summary>
    public bool HasConnections(MailClass mail) => sessions() <= Share(mail) * (long)options.Smtp.MaxConnections / 100;

    /// <summary>Whether the spool has room for a class.</summary>
    public bool HasRoom(MailClass mail) => waiting() < Share(mail) * (long)options.Spool.MaxWaiting / 100 && !room.IsShortFor(Share(mail));

    /// <summary>Sessions by the class of their last message; those that sent none are in no class.</summary>
    public int Sessions(MailClass mail) => Volatile.Read(ref _sessions[(int)mail]);

    /// <summary>A session goes from one class to another; null for none.</summary>
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

    /// <summary>
    /// Whether a client is a server of our own, such as a backup MX: it hands on what others send, and what nobody wanted of it is not its
    /// own.
    /// </summary>
    public bool IsOurs(ClientIdentity client) =>
        client.IsLmtp || IPAddress.IsLoopback(client.Address) || options.Guard.IsServer(client.Address)
        || options.Outbound.Networks.Any(n => n.Contains(client.Address));

    private MailClass Standing(ClientIdentity client) => IsOurs(client) ? MailClass.Known : history.Of(client.Address);

    private int Share(MailClass mail) => mail switch
    {
        MailClass.Known => 100,
        MailClass.Ordinary => options.Lanes.Ordinary,
        MailClass.NullSender => options.Lanes.NullSender,
        _ => options.Lanes.Suspect,
    };
}
