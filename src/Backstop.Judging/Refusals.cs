using System.Collections.Concurrent;
using System.Net;
using Backstop.Backscatter;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging;

/// <summary>A no: why, and the reply.</summary>
internal readonly record struct Refusal(Reason Reason, SmtpReply Reply)
{
    /// <summary>Whether it is for a tag or an SRS address that is forged or too old.</summary>
    public bool IsOfTag =>
        Reason == Reasons.BatvForged || Reason == Reasons.BatvExpired || Reason == Reasons.SrsForged || Reason == Reasons.SrsExpired;
}

/// <summary>Says no: one reason word, the same in reply, log and metric.</summary>
internal sealed partial class Refusals(
    BackstopMetrics metrics, ActivityLog activity, ClientHistory clients, TimeProvider time, ILogger<Refusals> log)
{
    /// <summary>How many unknown recipients of a session are told of one by one; the rest is one line at its end.</summary>
    public const int MaxToldUnknown = 20;

    /// <summary>550: no such mailbox. A session knows a guess by it.</summary>
    public static readonly SmtpReply UnknownRecipient = new(550, "5.1.1", "No such mailbox here (recipient:unknown)");

    private readonly ConcurrentDictionary<string, SmtpReply> _replies = new(StringComparer.Ordinal);

    /// <summary>A refusal for good; made once a reason.</summary>
    public SmtpReply Permanent(string enhanced, string text, Reason reason) =>
        _replies.GetOrAdd(reason.Word, static (r, a) => new SmtpReply(550, a.enhanced, $"{a.text} ({r})"), (enhanced, text));

    /// <summary>"Come again later", for what may prove itself then; made once a reason.</summary>
    public SmtpReply Later(Reason reason) =>
        _replies.GetOrAdd(
            reason.Word + "?",
            static (_, r) => new SmtpReply(451, "4.7.1", $"Many bounces to this address just now, try again later ({r})"), reason);

    /// <summary>A refusal of a report that returns what nobody here sent.</summary>
    public SmtpReply NotSent(Reason reason) => Permanent("5.7.1", "Not sent by the address it is returned to", reason);

    /// <summary>Notes that a message goes round in circles, and gives the reply.</summary>
    public SmtpReply Loop(Transaction transaction) =>
        Refused("data", ServerReasons.Loop, transaction, null, Permanent("5.4.6", "Mail loop", ServerReasons.Loop));

    /// <summary>Notes that nobody wants a message, and gives the reply.</summary>
    public SmtpReply Unwanted(Reason reason, Transaction transaction) => Refused("data", reason, transaction, null, NotSent(reason));

    /// <summary>Notes that a recipient was refused, and gives the reply.</summary>
    public SmtpReply Refused(Refusal refusal, Transaction transaction, MailAddress address) =>
        Refused("rcpt", refusal.Reason, transaction, address, refusal.Reply);

    /// <summary>Notes a refusal inside a transaction, and gives its reply.</summary>
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

        LogRefused(transaction.Client.Address, transaction.ReversePath, to, stage, reply.Code, reason.Word);
        return reply;
    }

    /// <summary>Notes a refusal before there is a transaction, and gives its reply.</summary>
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
        "refused client={Client} from={ReversePath} to=<{ForwardPath}> stage={Stage} code={Code} reason={Reason}")]
    private partial void LogRefused(
        IPAddress client, ReversePath reversePath, MailAddress? forwardPath, string stage, int code, string reason);

    [LoggerMessage(2003, LogLevel.Information, "refused client={Client} stage={Stage} code={Code} reason={Reason}")]
    private partial void LogRefusedEarly(IPAddress client, string stage, int code, string reason);
}
