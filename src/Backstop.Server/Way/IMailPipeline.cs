using Backstop.Backscatter;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Receiving;

namespace Backstop.Server.Way;

/// <summary>What an SMTP or LMTP session asks: received here, or handed on to the server behind us.</summary>
internal interface IMailPipeline
{
    /// <summary>MAIL.</summary>
    ValueTask<SmtpReply> MailAsync(Transaction transaction, long announcedSize);

    /// <summary>RCPT; takes the recipient into the transaction where the reply is positive.</summary>
    ValueTask<SmtpReply> RecipientAsync(Transaction transaction, MailAddress address, string? parameters, CancellationToken ct);

    /// <summary>End of data: one reply, or in LMTP one for each recipient.</summary>
    ValueTask<IReadOnlyList<SmtpReply>> ReceiveAsync(Transaction transaction, IncomingMessage message);

    /// <summary>The transaction is given up, or over.</summary>
    void End(Transaction transaction);

    /// <summary>Notes a refusal before there is a transaction.</summary>
    SmtpReply Refuse(string stage, Reason reason, ClientIdentity client, SmtpReply reply);
}
