using System.Collections.Concurrent;
using System.Net;
using Backstop.Backscatter;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging;

/// <summary>A refusal: reason and reply.</summary>
internal readonly record struct Refusal(Reason Reason, SmtpReply Reply)
{
    /// <summary>Whether the reason is a forged or expired tag or SRS address.</summary>
    public bool IsOfTag =>
        Reason == Reasons.BatvForged || Reason == Reasons.BatvExpired || Reason == Reasons.SrsForged || Reason == Reasons.SrsExpired;
}

/// <summary>Makes refusals and records them: the reason word is the same in reply, log and metric.</summary>
internal sealed partial class Refusals(
    BackstopMetrics metrics, ActivityLog activity, ClientHistory clients, TimeProvider time, ILogger<Refusals> log)
{
    /// <summary>How many unknown recipients of a session are logged singly; the rest is one line at its end.</summary>
    public const int MaxToldUnknown = 20;

    /// <summary>550: no such mailbox. A session recognises a guess by this reply.</summary>
    public static readonly SmtpReply UnknownRecipient = new(550, "5.1.1", "No such mailbox here (recipient:unknown)");

    private readonly ConcurrentDictionary<string, SmtpReply> _replies = new(StringComparer.Ordinal);

    /// <summary>Returns a permanent refusal; made once for each reason.</summary>
    public SmtpReply Permanent(string enhanced, string text, Reason reason) =>
        _replies.GetOrAdd(reason.Word, static (r, a) => new SmtpReply(550, a.enhanced, $"{a.text} ({r})"), (enhanced, text));

    /// <summary>Returns a deferral, for mail that may prove itself at the next try; made once for each reason.</summary>
    public SmtpReply Later(
        Reason reason, string text = "Many bounces to this address just now, try again later", string enhanced = "4.7.1") =>
        _replies.GetOrAdd(
            reason.Word + "?", static (_, a) => new SmtpReply(451, a.enhanced, $"{a.text} ({a.reason})"), (text, reason, enhanced));

    /// <summary>Returns the refusal of a report that returns mail that nobody here sent.</summary>
    public SmtpReply NotSent(Reason reason) => Permanent("5.7.1", "Not sent by the address it is returned to", reason);

    /// <summary>Records that a message is in a loop, and returns the reply.</summary>
    public SmtpReply Loop(Transaction transaction) =>
        Refused("data", ServerReasons.Loop, transaction, null, Permanent("5.4.6", "Mail loop", ServerReasons.Loop));

    /// <summary>Records that a message was refused for its content, and returns the reply.</summary>
    public SmtpReply Unwanted(Reason reason, Transaction transaction) => Refused("data", reason, transaction, null, NotSent(reason));

    /// <summary>Records that a recipient was refused, and returns the reply.</summary>
    public SmtpReply Refused(Refusal refusal, Transaction transaction, MailAddress address) =>
        Refused("rcpt", refusal.Reason, transaction, address, refusal.Reply);

    /// <summary>Records a refusal in a transaction, and returns the reply.</summary>
    public SmtpReply Refused(string stage, Reason reason, Transaction transaction, MailAddress? address, SmtpReply reply)
    {
        metrics.Refused(stage, reason);
        if (reply.Code >= 500)
        {
            clients.NoteUnwanted(transaction.Client.Address);
        }

        var to = address ?? transaction.Recipients.FirstOrDefault()?.ForwardPath;
        activity.Note(new(
            time.GetUtcNow(), transaction.Client.Address, transaction.ReversePath, to, stage, OutcomeOf(stage, reply), reason.Word, "",
            "", ""));
        if (ReferenceEquals(reply, UnknownRecipient) && transaction.Client.UnknownRecipients >= MaxToldUnknown)
        {
            return reply;
        }

        // At MAIL nobody is named yet.
        LogRefused(transaction.Client.Address, transaction.ReversePath, to is null ? "-" : $"<{to}>", stage, reply.Code, reason.Word);
        return reply;
    }

    /// <summary>Records a refusal before the transaction, and returns the reply.</summary>
    public SmtpReply Refused(string stage, Reason reason, ClientIdentity client, SmtpReply reply)
    {
        metrics.Refused(stage, reason);
        activity.Note(new(time.GetUtcNow(), client.Address, null, null, stage, OutcomeOf(stage, reply), reason.Word, "", "", ""));
        LogRefusedEarly(client.Address, stage, reply.Code, reason.Word);
        return reply;
    }

    private static Outcome OutcomeOf(string stage, SmtpReply reply) =>
        reply.Code < 500 ? Outcome.Deferred : stage == "data" ? Outcome.RefusedAtData : Outcome.RefusedEarly;

    [LoggerMessage(
        2002, LogLevel.Information,
        "refused client={Client} from={ReversePath} to={Recipient} stage={Stage} code={Code} reason={Reason}")]
    private partial void LogRefused(
        IPAddress client, ReversePath reversePath, string recipient, string stage, int code, string reason);

    [LoggerMessage(2003, LogLevel.Information, "refused client={Client} stage={Stage} code={Code} reason={Reason}")]
    private partial void LogRefusedEarly(IPAddress client, string stage, int code, string reason);
}
