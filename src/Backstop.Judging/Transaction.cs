using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.Protocols.Smtp;

namespace Backstop.Judging;

/// <summary>The client, as far as the session knows it.</summary>
internal sealed class ClientIdentity
{
    private (IPAddress Address, string Helo)? _own;
    private (IPAddress Address, Task<string?> Lookup)? _name;

    /// <summary>The address; behind a load balancer the real one.</summary>
    public required IPAddress Address { get; set; }

    /// <summary>The name given in HELO, EHLO or LHLO.</summary>
    public string Helo { get; set; } = "";

    /// <summary>Whether the client greeted with EHLO or LHLO.</summary>
    public bool IsExtended { get; set; }

    /// <summary>Whether the session is encrypted.</summary>
    public bool IsEncrypted { get; set; }

    /// <summary>The user that the server before us has authenticated, as it says; empty for none.</summary>
    public string Login { get; set; } = "";

    /// <summary>The attributes that the server before us stated, to be passed on; null for none.</summary>
    public ClientAttributes? Told { get; set; }

    /// <summary>The number of unknown recipients that the client asked for in this session.</summary>
    public int UnknownRecipients { get; set; }

    /// <summary>Whether this is LMTP.</summary>
    public bool IsLmtp { get; init; }

    /// <summary>The connected program, whatever client it speaks for; null if nothing is known of it.</summary>
    public IPeerTrust? Peer { get; init; }

    /// <summary>Whether we believe that program when it says that mail is ours, or who its client is.</summary>
    public bool MayVouch => Peer?.MayVouch == true;

    /// <summary>
    /// The client's name in DNS that leads back to its address: null where it has none, empty where it is not known or not asked for.
    /// </summary>
    public Task<string?> Name => Named(null);

    /// <summary>Returns the lookup of the present address's name; begins it where none has begun.</summary>
    /// <param name="find">Looks an address up; null where that is not to begin now.</param>
    public Task<string?> Named(Func<IPAddress, Task<string?>>? find)
    {
        // A server before us may state another client for each message.
        if (_name is { } name && name.Address.Equals(Address))
        {
            return name.Lookup;
        }

        if (find is null)
        {
            return Task.FromResult<string?>("");
        }

        var lookup = find(Address);
        _name = (Address, lookup);
        return lookup;
    }

    /// <summary>Whether mail may be said to be ours on the listener of that connection.</summary>
    public bool MayClaim => Peer?.MayClaim != false;

    /// <summary>Replaces the client for one transaction; <see cref="Forget"/> restores it.</summary>
    public void Take(ClientAttributes told)
    {
        _own ??= (Address, Helo);
        Told = Told is null ? told : new(Told.Values.Concat(told.Values).GroupBy(v => v.Key).ToDictionary(g => g.Key, g => g.Last().Value));
        Address = told.Address ?? Address;
        Helo = told.Value("HELO") ?? Helo;
    }

    /// <summary>Restores the client after <see cref="Take"/>.</summary>
    public void Forget()
    {
        Told = null;
        if (_own is { } own)
        {
            (Address, Helo) = own;
            _own = null;
        }
    }

    /// <summary>Replaces the client for the rest of the session.</summary>
    public void Become(ClientAttributes told)
    {
        Address = told.Address ?? Address;
        Helo = told.Value("HELO") ?? Helo;
        Login = told.Value("LOGIN") ?? "";
    }

    /// <summary>Returns the protocol's name for the Received field: RFC 3848 and RFC 6531.</summary>
    public string Protocol(bool smtpUtf8) =>
        (smtpUtf8 ? "UTF8" : "") + (IsLmtp ? "LMTP" : IsExtended ? smtpUtf8 ? "SMTP" : "ESMTP" : "SMTP") + (IsEncrypted ? "S" : "");
}

/// <summary>An accepted recipient.</summary>
/// <param name="ForwardPath">As the client gave it.</param>
/// <param name="Known">The recipient's mailbox.</param>
/// <param name="Batv">The result of checking its tag.</param>
/// <param name="Srs">The result of checking its SRS address.</param>
/// <param name="IsOurs">Whether its domain is ours; when mail is handed on, it need not be.</param>
internal sealed record AcceptedRecipient(
    MailAddress ForwardPath, KnownRecipient Known, BatvOutcome Batv, SignedOutcome Srs, bool IsOurs = true)
{
    /// <summary>Whether it stands for the recipient itself, and not for a further mailbox of its alias.</summary>
    public bool IsFirst => Known.Mailboxes is [var first, ..] && first.Equals(Known.Mailbox);

    /// <summary>Returns one for each mailbox that gets a copy.</summary>
    public IEnumerable<AcceptedRecipient> Copies() => Known.Mailboxes.Count == 1
        ? [this]
        : Known.Mailboxes.Select(m => this with { Known = Known with { Mailbox = m } });
}

/// <summary>A mail transaction: from MAIL to the reply after the data.</summary>
internal sealed class Transaction(ClientIdentity client, ReversePath reversePath, bool smtpUtf8, string? parameters = null)
{
    public ClientIdentity Client => client;

    public ReversePath ReversePath => reversePath;

    public bool SmtpUtf8 => smtpUtf8;

    /// <summary>The parameters of MAIL as received; null for none.</summary>
    public string? Parameters => parameters;

    /// <summary>The class whose share the transaction uses.</summary>
    public MailClass Class { get; init; } = reversePath.IsNull ? MailClass.NullSender : MailClass.Ordinary;

    public List<AcceptedRecipient> Recipients { get; } = [];

    /// <summary>Returns one reply for the whole message: once, or in LMTP once for each recipient (RFC 2033 §4.2).</summary>
    public IReadOnlyList<SmtpReply> ToAll(SmtpReply reply) => client.IsLmtp ? [.. Recipients.Select(_ => reply)] : [reply];
}
