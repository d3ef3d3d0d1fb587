using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;

namespace Backstop.Server;

/// <summary>Who is connected, as far as the session knows.</summary>
internal sealed class ClientIdentity
{
    /// <summary>The address; the real one where a load balancer told it.</summary>
    public required IPAddress Address { get; set; }

    /// <summary>The name given in HELO, EHLO or LHLO.</summary>
    public string Helo { get; set; } = "";

    /// <summary>Whether it greeted with EHLO or LHLO.</summary>
    public bool IsExtended { get; set; }

    /// <summary>Whether the session is encrypted.</summary>
    public bool IsEncrypted { get; set; }

    /// <summary>Whether this is LMTP.</summary>
    public bool IsLmtp { get; init; }

    /// <summary>RFC 3848 and RFC 6531: the word in the Received field.</summary>
    public string Protocol(bool smtpUtf8) =>
        (smtpUtf8 ? "UTF8" : "") + (IsLmtp ? "LMTP" : IsExtended ? smtpUtf8 ? "SMTP" : "ESMTP" : "SMTP") + (IsEncrypted ? "S" : "");
}

/// <summary>A recipient that was accepted.</summary>
/// <param name="ForwardPath">As the client gave it.</param>
/// <param name="Known">Whose it is.</param>
/// <param name="Batv">What its tag proved.</param>
/// <param name="Srs">What its SRS address proved.</param>
internal sealed record AcceptedRecipient(MailAddress ForwardPath, KnownRecipient Known, BatvOutcome Batv, SignedOutcome Srs);

/// <summary>A mail transaction: from MAIL to the reply after the data.</summary>
internal sealed class Transaction(ClientIdentity client, ReversePath reversePath, bool smtpUtf8)
{
    public ClientIdentity Client => client;

    public ReversePath ReversePath => reversePath;

    public bool SmtpUtf8 => smtpUtf8;

    public List<AcceptedRecipient> Recipients { get; } = [];
}
