using System.Diagnostics;
using System.Globalization;
using System.Net;
using Backstop.Backscatter.Verdicts;
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
/// The end for the mailboxes of this host: a message is in the spool, on disk, before it is accepted. Deliveries
/// follow.
/// </summary>
internal sealed partial class SpoolEnds(
    BackstopOptions options, Recipients recipients, Refusals refusals, SpoolLog spool, DeliveryQueue delivery,
    Precedence precedence, TimeProvider time, ILogger<SpoolEnds> log)
{
    private const string LookupFailed = "The recipient cannot be looked up now, try again later";

    private readonly Seldom _untold = new(time);

    // The most copies of a message that has aliases among its recipients.
    private const int MaxCopies = 1000;

    /// <summary>Keeps what the configuration has open, its filters too, until what it returns is disposed of.</summary>
    public required Func<IDisposable> Hold { get; init; }

    /// <summary>Returns the end of one transaction.</summary>
    public IEnd<IncomingMessage> For(Transaction transaction) => new SpoolEnd(this, transaction);

    private int MaxRecipients => options.Smtp.MaxRecipients;

    private int Waiting => delivery.Waiting;

    // A table that does not answer is our trouble, never a user that does not exist.
    private async ValueTask<Addressee> FindAsync(MailAddress address, CancellationToken ct)
    {
        var found = await recipients.FindAsync(address, time, ct);
        if (found.Why.Length > 0 && _untold.Count(out var count))
        {
            LogLookup(address, found.Why, count);
        }

        return found.Reason is { } reason ? Addressee.Answered(refusals.Later(reason, LookupFailed, "4.3.0"), reason)
            : Addressee.Ours(found.Known);
    }

    private SmtpReply Begin(Transaction transaction)
    {
        if (!precedence.Shares.HasRoom(transaction.Class))
        {
            return refusals.Refused("mail", ServerReasons.SpoolFull, transaction, null, SmtpReplies.OutOfRoom);
        }

        return transaction.Class >= MailClass.NullSender && precedence.Ladder.Step == LadderStep.RefuseReports
            ? refusals.Refused("mail", ServerReasons.LadderReports, transaction, null, SmtpReplies.TooBusy)
            : SmtpReplies.SenderOk;
    }

    // A message has few recipients, but each may be an alias of many mailboxes.
    private SmtpReply Add(Transaction transaction, AcceptedRecipient recipient) =>
        recipient.Known.Mailboxes.Count > 1 && transaction.Recipients.Count > 0
            && transaction.Recipients.Sum(r => r.Known.Mailboxes.Count) + recipient.Known.Mailboxes.Count > MaxCopies
            ? refusals.Refused("rcpt", ServerReasons.RecipientsLimit, transaction, recipient.ForwardPath, SmtpReplies.TooManyRecipients)
            : SmtpReplies.RecipientOk;

    private async ValueTask<Taken> TakeAsync(Transaction transaction, IncomingMessage message, Decided decided)
    {
        var (reply, queueId) = await StoreAsync(transaction, message, decided.Judgement);
        IReadOnlyList<SmtpReply> replies = transaction.Client.IsLmtp
            ? [.. decided.Judgement.Verdicts.Select(v => v.IsRefusal ? refusals.NotSent(v.Reason) : reply)]
            : [reply];
        return new(replies, queueId);
    }

    private async ValueTask<(SmtpReply Reply, string QueueId)> StoreAsync(
        Transaction transaction, IncomingMessage message, Judgement judgement)
    {
        using var span = Traces.Begin("spool");
        var now = time.GetUtcNow();
        var id = spool.NextId();
        var queueId = id.ToString("x", CultureInfo.InvariantCulture);
        var envelope = new SpoolEnvelope(
            now.ToUnixTimeMilliseconds(), transaction.ReversePath.Address?.ToString()
                ?? "", message.Lines, message.LargeFile, message.Length,
            TraceHeader.Received(transaction, await transaction.Client.Name, options.Hostname, queueId, now),
            Targets(transaction, judgement));
        try
        {
            var began = Stopwatch.GetTimestamp();
            var entry = await spool.AppendAsync(id, envelope, message.LargeFile is null ? message.Front : default);
            message.HandOver();
            Deliver(transaction, judgement, entry, isLarge: envelope.LargeFile is not null, Stopwatch.GetElapsedTime(began));
        }
        catch (IOException error)
        {
            LogSpoolFailed(error.Message);
            return (refusals.Refused(
                "data", ServerReasons.SpoolFailed, transaction, null,
                DiskFull.Is(error) ? SmtpReplies.OutOfRoom : SmtpReplies.OurTrouble), "");
        }

        Log(queueId, transaction, judgement, message.Length, (time.GetUtcNow() - now).TotalMilliseconds);
        return (new(250, "2.0.0", "Accepted as " + queueId), queueId);
    }

    private void Log(string queueId, Transaction transaction, Judgement judgement, long length, double milliseconds)
    {
        var verdict = judgement.Wanted[0].Verdict;
        IReadOnlyList<AcceptedRecipient> wanted = [.. judgement.Wanted.Select(w => w.Recipient).Where(r => r.IsFirst)];
        LogAccepted(
            queueId, transaction.Client.Address, transaction.ReversePath, LoggedMail.To(wanted), wanted.Count,
            LoggedMail.MessageId(judgement), verdict.Folder, verdict.Reason.Word, length, milliseconds);
        foreach (var further in LoggedMail.Further(wanted))
        {
            LogFurther(queueId, further);
        }
    }

    private void Deliver(Transaction transaction, Judgement judgement, SpoolEntry entry, bool isLarge, TimeSpan waited)
    {
        var isReal = transaction.Class <= MailClass.Ordinary;
        if (isReal)
        {
            precedence.Gate.NoteSync(waited);
            precedence.Ladder.NoteSync(waited);
        }

        var lane = isReal && judgement.Wanted.Any(w => w.Verdict.Action == VerdictAction.Deliver) ? Lane.Real : Lane.Flood;
        if (judgement.Later is { } later && !isLarge)
        {
            // The scan is made by the filters of this configuration, though another may be in force by then.
            delivery.AddUnscanned(entry, lane, later, Hold());
        }
        else
        {
            delivery.Add(entry, lane);
        }
    }

    // One copy for each mailbox, however many of its addresses are recipients, and whatever aliases lead there.
    private static List<SpoolTarget> Targets(Transaction transaction, Judgement judgement)
    {
        var targets = new List<SpoolTarget>();
        foreach (var ofMailbox in judgement.Wanted.GroupBy(w => w.Recipient.Known.Mailbox))
        {
            var (recipient, verdict) = ofMailbox.First();
            targets.Add(
                new(
                    ofMailbox.Key.Folder(verdict.Folder),
                    TraceHeader.Copy(transaction, recipient, judgement.Report, verdict, judgement.FilterFields))
                {
                    Mailbox = ofMailbox.Key.Keys[0],
                    Recipients = [.. ofMailbox.Select(w => w.Recipient.ForwardPath.ToString())],
                });
        }

        return targets;
    }

    [LoggerMessage(
        2001, LogLevel.Information,
        "{QueueId} accepted client={Client} from={ReversePath} to={Recipients} recipients={Count} message-id={MessageId} "
            + "folder={Folder} reason={Reason} bytes={Bytes} ms={Milliseconds:F1}")]
    private partial void LogAccepted(
        string queueId, IPAddress client, ReversePath reversePath, string recipients, int count, string messageId, string folder,
        string reason, long bytes, double milliseconds);

    [LoggerMessage(7405, LogLevel.Warning, "<{Recipient}>: {Why} ({Count} such lookups since the start)")]
    private partial void LogLookup(MailAddress recipient, string why, long count);

    [LoggerMessage(2005, LogLevel.Information, "{QueueId} accepted also to={Recipients}")]
    private partial void LogFurther(string queueId, string recipients);

    [LoggerMessage(2004, LogLevel.Error, "The spool cannot be written: {Error}")]
    private partial void LogSpoolFailed(string error);

    private sealed class SpoolEnd(SpoolEnds all, Transaction transaction) : IEnd<IncomingMessage>
    {
        public int MaxRecipients => all.MaxRecipients;

        public bool AsksContent => true;

        public int Waiting => all.Waiting;

        public bool IsDurable => true;

        public bool MustTake => false;

        public FailurePolicy? OnFailure => null;

        public ValueTask<SmtpReply> BeginAsync() => new(all.Begin(transaction));

        public ValueTask<Addressee> FindAsync(MailAddress address, CancellationToken ct) => all.FindAsync(address, ct);

        public ValueTask<SmtpReply> AddAsync(AcceptedRecipient recipient, string? parameters) => new(all.Add(transaction, recipient));

        public ValueTask<Taken> TakeAsync(IncomingMessage message, Decided? decided) => all.TakeAsync(transaction, message, decided!);

        public void Drop()
        {
            // Accepted messages are in the spool, and nothing else was begun.
        }
    }
}
