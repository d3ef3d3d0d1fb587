using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.Protocols.Smtp;

namespace Backstop.Judging;

/// <summary>Who is connected, as far as the session knows.</summary>
internal sealed class ClientIdentity
{
    private (IPAddress Address, string Helo)? _own;

    /// <summary>The address; the real one where a load balancer told it.</summary>
    public required IPAddress Address { get; set; }

    /// <summary>The name given in HELO, EHLO or LHLO.</summary>
    public string Helo { get; set; } = "";

    /// <summary>Whether it greeted with EHLO or LHLO.</summary>
    public bool IsExtended { get; set; }

    /// <summary>Whether the session is encrypted.</summary>
    public bool IsEncrypted { get; set; }

    /// <summary>The user that a server before us has let in (XCLIENT LOGIN); empty for none.</summary>
    public string Login { get; set; } = "";

    /// <summary>What a server before us told of its client, to be told on; null for nothing.</summary>
    public ClientAttributes? Told { get; set; }

    /// <summary>How many recipients it has named in this session that do not exist.</summary>
    public int UnknownRecipients { get; set; }

    /// <summary>Whether this is LMTP.</summary>
    public bool IsLmtp { get; init; }

    /// <summary>The program that is connected, whoever it says its client is; null where nothing is.</summary>
    public IPeerTrust? Peer { get; init; }

    /// <summary>Whether that program is believed when it says that mail is ours, or who its client is.</summary>
    public bool MayVouch => Peer?.MayVouch == true;

    /// <summary>For one transaction, the client is another: what it was comes back with <see cref="Forget"/>.</summary>
    public void Take(ClientAttributes told)
    {
        _own ??= (Address, Helo);
        Told = Told is null ? told : new(Told.Values.Concat(told.Values).GroupBy(v => v.Key).ToDictionary(g => g.Key, g => g.Last().Value));
        Address = told.Address ?? Address;
        Helo = told.Value("HELO") ?? Helo;
    }

    /// <summary>The client is its own again.</summary>
    public void Forget()
    {
        Told = null;
        if (_own is { } own)
        {
            (Address, Helo) = own;
            _own = null;
        }
    }

    /// <summary>From now on the client is another.</summary>
    public void Become(ClientAttributes told)
    {
        Address = told.Address ?? Address;
        Helo = told.Value("HELO") ?? Helo;
        Login = told.Value("LOGIN") ?? "";
    }

    /// <summary>RFC 3848 and RFC 6531: the word in the Received field.</summary>
    public string Protocol(bool smtpUtf8) =>
        (smtpUtf8 ? "UTF8" : "") + (IsLmtp ? "LMTP" : IsExtended ? smtpUtf8 ? "SMTP" : "ESMTP" : "SMTP") + (IsEncrypted ? "S" : "");
}

/// <summary>A recipient that was accepted.</summary>
/// <param name="ForwardPath">As the client gave it.</param>
/// <param name="Known">Whose it is.</param>
/// <param name="Batv">What its tag proved.</param>
/// <param name="Srs">What its SRS address proved.</param>
/// <param name="IsOurs">Whether it is of a domain of ours: where mail is handed on, it need not be.</param>
internal sealed record AcceptedRecipient(
    MailAddress ForwardPath, KnownRecipient Known, BatvOutcome Batv, SignedOutcome Srs, bool IsOurs = true);

/// <summary>A mail transaction: from MAIL to the reply after the data.</summary>
internal sealed class Transaction(ClientIdentity client, ReversePath reversePath, bool smtpUtf8, string? parameters = null)
{
    public ClientIdentity Client => client;

    public ReversePath ReversePath => reversePath;

    public bool SmtpUtf8 => smtpUtf8;

    /// <summary>The parameters of MAIL as they stood; null for none.</summary>
    public string? Parameters => parameters;

    /// <summary>Whose mail it is, for what there is room.</summary>
    public MailClass Class { get; init; } = reversePath.IsNull ? MailClass.NullSender : MailClass.Ordinary;

    public List<AcceptedRecipient> Recipients { get; } = [];

    /// <summary>The same reply for the whole message: once, or in LMTP once a recipient (RFC 2033 §4.2).</summary>
    public IReadOnlyList<SmtpReply> ToAll(SmtpReply reply) => client.IsLmtp ? [.. Recipients.Select(_ => reply)] : [reply];
}
