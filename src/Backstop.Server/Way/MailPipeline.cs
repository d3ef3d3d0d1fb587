using System.Diagnostics;
using System.Globalization;
using Backstop.Backscatter;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Backstop.Protocols.Smtp;
using Backstop.Server.Admission;
using Backstop.Server.Delivery;
using Backstop.Server.Receiving;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Way;

/// <summary>
/// The way of a message that is received here. Each stage asks the engines in the order of cost and answers with a
/// reply; every refusal has one reason, whose word is the same in reply, log, metric and header.
/// </summary>
internal sealed partial class MailPipeline(
    BackstopOptions options, Recipients recipients, RecipientRules recipientRules, ContentRules contentRules, Refusals refusals, SpoolLog spool,
    DeliveryQueue delivery, LaneBudgets lanes, FloodLane flood, Ladder ladder, TimeProvider time, ILogger<MailPipeline> log) : IMailPipeline
{
    /// <summary>MAIL: is there room, and is it small enough?</summary>
    public ValueTask<SmtpReply> MailAsync(Transaction transaction, long announcedSize)
    {
        if (announcedSize > options.Smtp.MaxMessage.Bytes)
        {
            return new(refusals.Refused("mail", ServerReasons.SizeAnnounced, transaction, null, SmtpReplies.TooBig));
        }

        if (!lanes.HasRoom(transaction.Class))
        {
            return new(refusals.Refused("mail", ServerReasons.SpoolFull, transaction, null, SmtpReplies.OutOfRoom));
        }

        if (transaction.Class >= MailClass.NullSender && ladder.Step == LadderStep.RefuseReports)
        {
            return new(refusals.Refused("mail", ServerReasons.LadderReports, transaction, null, SmtpReplies.TooBusy));
        }

        return new(SmtpReplies.SenderOk);
    }

    /// <summary>RCPT: whose is it, and may this sender write to it?</summary>
    public async ValueTask<SmtpReply> RecipientAsync(Transaction transaction, MailAddress address, string? parameters, CancellationToken ct) =>
        transaction.Recipients.Count >= options.Smtp.MaxRecipients
            ? refusals.Refused("rcpt", ServerReasons.RecipientsLimit, transaction, address, SmtpReplies.TooManyRecipients)
            : await recipientRules.JudgeAsync(transaction, address, recipients.Find(address), ct) is { } refusal
                ? refusals.Refused(refusal, transaction, address)
                : SmtpReplies.RecipientOk;

    /// <summary>End of data: what is it, does it prove anything, and is it on disk? One reply for each recipient.</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> ReceiveAsync(Transaction transaction, IncomingMessage message)
    {
        var started = Stopwatch.GetTimestamp();
        using var span = Traces.Begin("receive");
        var hops = message.Refusal is null ? contentRules.CountHops(message.Front.Span, field => message.Overwrite(field.NameStart, (byte)'Y')) : 0;
        message.Sync();
        if (message.Refusal is { } bad)
        {
            return transaction.ToAll(refusals.Refused("data", ServerReasons.Content(bad.Code), transaction, null, bad));
        }

        if (hops > options.Smtp.MaxHops)
        {
            return transaction.ToAll(refusals.Loop(transaction));
        }

        var judgement = await contentRules.JudgeAsync(transaction, message.Front, message.Length, delivery.Waiting);
        span.Decided(judgement.Wanted.Count > 0 ? judgement.Wanted[0].Verdict : judgement.Verdicts[0]);
        if (judgement.Wanted.Count == 0)
        {
            return transaction.ToAll(refusals.Unwanted(judgement.Verdicts[0].Reason, transaction));
        }

        var stored = await StoreAsync(transaction, message, judgement);
        if (stored.Code == 250)
        {
            contentRules.NoteTaken(transaction, judgement, judgement.Wanted[0].Verdict, stored.Text.Split(' ')[^1], started);
        }

        return Replies(transaction, judgement, stored);
    }

    /// <inheritdoc />
    public void End(Transaction transaction)
    {
        // What was accepted is in the spool; nothing else was begun.
    }

    /// <inheritdoc />
    public SmtpReply Refuse(string stage, Reason reason, ClientIdentity client, SmtpReply reply) => refusals.Refused(stage, reason, client, reply);

    private async ValueTask<SmtpReply> StoreAsync(Transaction transaction, IncomingMessage message, Judgement judgement)
    {
        using var span = Traces.Begin("spool");
        var now = time.GetUtcNow();
        var id = spool.NextId();
        var queueId = id.ToString("x", CultureInfo.InvariantCulture);
        var envelope = new SpoolEnvelope(
            now.ToUnixTimeMilliseconds(), transaction.ReversePath.Address?.ToString() ?? "", message.Lines, message.LargeFile, message.Length,
            TraceHeader.Received(transaction, options.Hostname, queueId, now), Targets(transaction, judgement));
        try
        {
            var began = Stopwatch.GetTimestamp();
            var entry = await spool.AppendAsync(id, envelope, message.LargeFile is null ? message.Front : default);
            message.HandOver();
            var isReal = transaction.Class <= MailClass.Ordinary;
            if (isReal)
            {
                var waited = Stopwatch.GetElapsedTime(began);
                flood.NoteSync(waited);
                ladder.NoteSync(waited);
            }

            var lane = isReal && judgement.Wanted.Any(w => w.Verdict.Action == VerdictAction.Deliver) ? Lane.Real : Lane.Flood;
            if (judgement.Later is { } later && message.LargeFile is null)
            {
                delivery.AddUnscanned(entry, lane, later);
            }
            else
            {
                delivery.Add(entry, lane);
            }
        }
        catch (IOException error)
        {
            LogSpoolFailed(error.Message);
            return refusals.Refused("data", ServerReasons.SpoolFailed, transaction, null, DiskFull.Is(error) ? SmtpReplies.OutOfRoom : SmtpReplies.OurTrouble);
        }

        var (recipient, verdict) = judgement.Wanted[0];
        LogAccepted(queueId, transaction.Client.Address, transaction.ReversePath, recipient.ForwardPath, judgement.Wanted.Count,
            verdict.Folder, verdict.Reason.Word, message.Length, (time.GetUtcNow() - now).TotalMilliseconds);
        return new(250, "2.0.0", "Accepted as " + queueId);
    }

    // One copy a mailbox, however many of its addresses were named.
    private static List<SpoolTarget> Targets(Transaction transaction, Judgement judgement) =>
        [.. judgement.Wanted.DistinctBy(w => w.Recipient.Known.Mailbox).Select(w => new SpoolTarget(
            w.Recipient.Known.Mailbox.Folder(w.Verdict.Folder), TraceHeader.Copy(transaction, w.Recipient, judgement.Report, w.Verdict, judgement.FilterFields)))];

    private IReadOnlyList<SmtpReply> Replies(Transaction transaction, Judgement judgement, SmtpReply stored) =>
        transaction.Client.IsLmtp
            ? [.. judgement.Verdicts.Select(v => v.IsRefusal ? refusals.NotSent(v.Reason) : stored)]
            : [stored];

    [LoggerMessage(2001, LogLevel.Information, "{QueueId} accepted client={Client} from={ReversePath} to={ForwardPath} recipients={Count} folder={Folder} reason={Reason} bytes={Bytes} ms={Milliseconds:F1}")]
    private partial void LogAccepted(
        string queueId, System.Net.IPAddress client, ReversePath reversePath, MailAddress forwardPath, int count, string folder, string reason, long bytes, double milliseconds);

    [LoggerMessage(2004, LogLevel.Error, "The spool cannot be written: {Error}")]
    private partial void LogSpoolFailed(string error);
}
