using System.Collections.Concurrent;
using System.Diagnostics;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.MailAuth.Dnsbl;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Protocols.Smtp;
using Backstop.Server.Delivery;
using Backstop.Server.Options;
using Backstop.Server.Smtp;
using Backstop.Server.Spam;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>
/// The way of a message: the whole product on one page. Each stage asks the engines in the order of cost and answers with a reply;
/// every refusal has one reason word, the same in reply, log, metric and header.
/// </summary>
internal sealed partial class MailPipeline(
    BackstopOptions options, Recipients recipients, Proving proving, ReplyWatch replies, DnsblChecker dnsbl, SpoolLog spool, DeliveryQueue delivery,
    SpoolRoom room, MailScorer? scorer, TimeProvider time, BackstopMetrics metrics, ILogger<MailPipeline> log)
{
    private readonly ConcurrentDictionary<string, SmtpReply> _refusals = new(StringComparer.Ordinal);
    private readonly HashSet<string> _alwaysSigned = [.. options.Batv.AlwaysSigned.Select(a => MailAddress.TryParse(a)!.Key)];

    /// <summary>MAIL: is there room, and is it small enough?</summary>
    public SmtpReply Mail(Transaction transaction, long announcedSize)
    {
        if (announcedSize > options.Smtp.MaxMessage.Bytes)
        {
            return Refused("mail", "size:announced", transaction, null, SmtpReplies.TooBig);
        }

        if (room.IsShort || delivery.Waiting >= options.Spool.MaxWaiting)
        {
            return Refused("mail", "spool:full", transaction, null, SmtpReplies.OutOfRoom);
        }

        return SmtpReplies.SenderOk;
    }

    /// <summary>RCPT: whose is it, and may this sender write to it?</summary>
    public async ValueTask<SmtpReply> RecipientAsync(Transaction transaction, MailAddress address, CancellationToken ct)
    {
        if (transaction.Recipients.Count >= options.Smtp.MaxRecipients)
        {
            return Refused("rcpt", "recipients:limit", transaction, address, SmtpReplies.TooManyRecipients);
        }

        var srs = Srs(transaction, address);
        if (srs is SignedOutcome.Forged or SignedOutcome.Expired)
        {
            var reason = srs == SignedOutcome.Forged ? "srs:forged" : "srs:expired";
            return Refused("rcpt", reason, transaction, address, Permanent("5.7.1", "This address did not send what is returned to it", reason));
        }

        if (recipients.Find(address) is not { } known)
        {
            return recipients.IsLocalDomain(address.Domain)
                ? Refused("rcpt", "recipient:unknown", transaction, address, Permanent("5.1.1", "No such mailbox here", "recipient:unknown"))
                : Refused("rcpt", "relay:denied", transaction, address, Permanent("5.7.1", "Not a domain of this host", "relay:denied"));
        }

        var tag = known.Tag is null ? BatvOutcome.None : proving.Batv.Check(known.Tag, time.GetUtcNow());
        if (transaction.ReversePath.IsNull && NullSenderRefusal(transaction, known, tag) is { } refusal)
        {
            return Refused("rcpt", refusal.Reason, transaction, address, refusal.Reply);
        }

        // Safe mode: only what bounces and callouts come from; a valid tag beats a listing.
        if (IsSafeModeSender(transaction.ReversePath) && !known.IsRole && tag != BatvOutcome.Pass
            && await ListedAtAsync(transaction.Client, ct) is { } zone)
        {
            var reason = "dnsbl:" + zone;
            return Refused("rcpt", reason, transaction, address, Permanent("5.7.1", "Bounces from this address are not accepted", reason));
        }

        transaction.Recipients.Add(new(address, known, tag, srs));
        return SmtpReplies.RecipientOk;
    }

    /// <summary>End of data: what is it, does it prove anything, and is it on disk? One reply for each recipient.</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> ReceiveAsync(Transaction transaction, IncomingMessage message)
    {
        var started = Stopwatch.GetTimestamp();
        var hops = message.Refusal is null ? ReadHeader(message, scorer is not null) : 0;
        message.Sync();
        if (message.Refusal is { } bad)
        {
            return All(transaction, Refused("data", "content:" + bad.Code, transaction, null, bad));
        }

        if (hops > options.Smtp.MaxHops)
        {
            return All(transaction, Refused("data", "loop", transaction, null, Permanent("5.4.6", "Mail loop", "loop")));
        }

        var report = BounceClassifier.Classify(message.Front, transaction.ReversePath.IsNull);
        var now = time.GetUtcNow();
        var verdicts = transaction.Recipients.ConvertAll(r => proving.Judge.Decide(report, EnvelopeOf(r), now).Verdict);
        var wanted = Wanted(transaction, verdicts);
        if (wanted.Count == 0)
        {
            var reason = verdicts[0].Reason;
            return All(transaction, Refused("data", reason, transaction, null, Permanent("5.7.1", "Not sent by the address it is returned to", reason)));
        }

        var score = scorer is null ? MailScore.None : await scorer.ScoreAsync(transaction, message, wanted, delivery.Waiting, now);
        if (score.IsSpam)
        {
            wanted = wanted.ConvertAll(w => (w.Recipient, Filed(w.Recipient, w.Verdict, score.Reason)));
        }

        var stored = await StoreAsync(transaction, message, report, wanted, score.Fields, now);
        if (stored.Code == 250)
        {
            NoteReplies(report, wanted);
        }

        metrics.Accepted(wanted[0].Verdict.Action == VerdictAction.File ? "file" : "deliver", wanted[0].Verdict.Reason, started);
        return Replies(transaction, verdicts, stored);
    }

    private async ValueTask<SmtpReply> StoreAsync(
        Transaction transaction, IncomingMessage message, BounceReport report, List<(AcceptedRecipient Recipient, Verdict Verdict)> wanted, string filterFields,
        DateTimeOffset now)
    {
        var id = spool.NextId();
        var queueId = id.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        var targets = Targets(transaction, report, wanted, filterFields);
        var envelope = new SpoolEnvelope(
            now.ToUnixTimeMilliseconds(), transaction.ReversePath.Address?.ToString() ?? "", message.Lines, message.LargeFile, message.Length,
            TraceHeader.Received(transaction, options.Hostname, queueId, now), targets);
        try
        {
            var entry = await spool.AppendAsync(id, envelope, message.LargeFile is null ? message.Front : default);
            message.HandOver();
            var isReal = !transaction.ReversePath.IsNull && wanted.Exists(w => w.Verdict.Action == VerdictAction.Deliver);
            delivery.Add(entry, isReal ? Lane.Real : Lane.Flood);
        }
        catch (IOException error)
        {
            LogSpoolFailed(error.Message);
            return Refused("data", "spool:failed", transaction, null, DiskFull.Is(error) ? SmtpReplies.OutOfRoom : SmtpReplies.OurTrouble);
        }

        LogAccepted(queueId, transaction.Client.Address, transaction.ReversePath, wanted[0].Recipient.ForwardPath, wanted.Count,
            wanted[0].Verdict.Folder, wanted[0].Verdict.Reason, message.Length, (time.GetUtcNow() - now).TotalMilliseconds);
        return new(250, "2.0.0", "Accepted as " + queueId);
    }

    /// <summary>A refusal before there is a transaction.</summary>
    public SmtpReply Refuse(string stage, string reason, ClientIdentity client, SmtpReply reply)
    {
        metrics.Refused(stage, reason);
        LogRefusedEarly(client.Address, stage, reply.Code, reason);
        return reply;
    }

    // A tag that fails is refused whatever any list says; a bounce goes to one recipient, because a message has one sender.
    private (string Reason, SmtpReply Reply)? NullSenderRefusal(Transaction transaction, KnownRecipient known, BatvOutcome tag)
    {
        if (transaction.Recipients.Count > 0)
        {
            return ("null:one-recipient", SmtpReplies.TooManyRecipients);
        }

        var reason = tag switch
        {
            _ when known.IsRole => null,
            BatvOutcome.Expired => "batv:expired",
            BatvOutcome.Forged => "batv:forged",
            BatvOutcome.None when known.Tag is null && _alwaysSigned.Contains(known.Key) => "batv:missing",
            _ => null,
        };
        return reason is null ? null : (reason, Permanent("5.7.1", "This address did not send what is returned to it", reason));
    }

    // A bounce to an address that a forwarder of ours made, or seems to have made.
    private SignedOutcome Srs(Transaction transaction, MailAddress address) =>
        transaction.ReversePath.IsNull && proving.Srs.HasSecret && recipients.IsLocalDomain(address.Domain) && SrsAddress.TryParse(address) is { } made
            ? proving.Srs.Check(made, time.GetUtcNow())
            : SignedOutcome.None;

    private void NoteReplies(BounceReport report, List<(AcceptedRecipient Recipient, Verdict Verdict)> wanted)
    {
        foreach (var (recipient, _) in wanted.DistinctBy(w => w.Recipient.Known.Mailbox))
        {
            replies.Note(report, recipient.Known.Mailbox.Keys);
        }
    }

    private async ValueTask<string?> ListedAtAsync(ClientIdentity client, CancellationToken ct) =>
        dnsbl.Zones.Count > 0 && (options.Dnsbl.AskPrivate || DnsblName.IsPublic(client.Address)) ? await dnsbl.FindAsync(client.Address, ct) : null;

    private static bool IsSafeModeSender(ReversePath path) =>
        path.IsNull || path.Address!.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase);

    private static Envelope EnvelopeOf(AcceptedRecipient recipient) => new(recipient.Known.IsRole, recipient.Batv, recipient.Known.Ours, recipient.Srs);

    // SMTP has one reply for all: a message that one recipient wants is taken, and filed for those that would refuse it. LMTP replies for each.
    private static List<(AcceptedRecipient Recipient, Verdict Verdict)> Wanted(Transaction transaction, List<Verdict> verdicts)
    {
        var all = transaction.Recipients.Zip(verdicts).Select(p => (Recipient: p.First, Verdict: p.Second)).ToList();
        var wanted = all.Where(p => p.Verdict.Action != VerdictAction.Refuse).ToList();
        return wanted.Count == 0 || transaction.Client.IsLmtp
            ? wanted
            : all.ConvertAll(p => p.Verdict.Action == VerdictAction.Refuse ? (p.Recipient, Verdict.File(p.Verdict.Reason)) : p);
    }

    // postmaster@ and abuse@ reach a person whatever the score: complaints about spam quote it. Recipes have the score in the header, and decide themselves.
    private Verdict Filed(AcceptedRecipient recipient, Verdict verdict, string reason) =>
        recipient.Known.IsRole || recipient.Known.Mailbox.Recipes.Length > 0 || verdict.Action != VerdictAction.Deliver ? verdict : new(VerdictAction.File, options.Spam.Folder, reason);

    // One copy a mailbox, however many of its addresses were named.
    private static List<SpoolTarget> Targets(
        Transaction transaction, BounceReport report, List<(AcceptedRecipient Recipient, Verdict Verdict)> wanted, string filterFields) =>
        [.. wanted.DistinctBy(w => w.Recipient.Known.Mailbox)
            .Select(w => new SpoolTarget(w.Recipient.Known.Mailbox.Folder(w.Verdict.Folder), TraceHeader.Copy(transaction, w.Recipient, report, w.Verdict, filterFields)))];

    private SmtpReply[] Replies(Transaction transaction, List<Verdict> verdicts, SmtpReply stored) =>
        transaction.Client.IsLmtp
            ? [.. verdicts.Select(v => v.Action == VerdictAction.Refuse ? Permanent("5.7.1", "Not sent by the address it is returned to", v.Reason) : stored)]
            : [stored];

    private static SmtpReply[] All(Transaction transaction, SmtpReply reply) =>
        transaction.Client.IsLmtp ? [.. transaction.Recipients.Select(_ => reply)] : [reply];

    // Counts Received fields (RFC 5321 §6.3), and takes our own fields' names from a sender who wrote them: filters must be able to believe them.
    private static int ReadHeader(IncomingMessage message, bool isScored)
    {
        var fields = new List<HeaderField>(32);
        HeaderScan.Scan(message.Front.Span, fields);
        var hops = 0;
        foreach (var field in fields)
        {
            hops += field.Is(message.Front.Span, "Received"u8) ? 1 : 0;
            if (field.Is(message.Front.Span, "X-Backstop"u8) || field.Is(message.Front.Span, "X-Backstop-Id"u8) || (isScored && IsFilterField(message.Front.Span, field)))
            {
                message.Overwrite(field.NameStart, (byte)'Y');
            }
        }

        return hops;
    }

    private static bool IsFilterField(ReadOnlySpan<byte> front, HeaderField field) =>
        System.Text.Ascii.EqualsIgnoreCase(front.Slice(field.NameStart, Math.Min(7, front.Length - field.NameStart)), "X-Spam-"u8);

    private SmtpReply Permanent(string enhanced, string text, string reason) =>
        _refusals.GetOrAdd(reason, static (r, a) => new SmtpReply(550, a.enhanced, $"{a.text} ({r})"), (enhanced, text));

    private SmtpReply Refused(string stage, string reason, Transaction transaction, MailAddress? address, SmtpReply reply)
    {
        metrics.Refused(stage, reason);
        LogRefused(transaction.Client.Address, transaction.ReversePath, address ?? transaction.Recipients.FirstOrDefault()?.ForwardPath, stage, reply.Code, reason);
        return reply;
    }

    [LoggerMessage(2001, LogLevel.Information, "{QueueId} accepted client={Client} from={ReversePath} to={ForwardPath} recipients={Count} folder={Folder} reason={Reason} bytes={Bytes} ms={Milliseconds:F1}")]
    private partial void LogAccepted(
        string queueId, System.Net.IPAddress client, ReversePath reversePath, MailAddress forwardPath, int count, string folder, string reason, long bytes, double milliseconds);

    [LoggerMessage(2002, LogLevel.Information, "refused client={Client} from={ReversePath} to=<{ForwardPath}> stage={Stage} code={Code} reason={Reason}")]
    private partial void LogRefused(System.Net.IPAddress client, ReversePath reversePath, MailAddress? forwardPath, string stage, int code, string reason);

    [LoggerMessage(2003, LogLevel.Information, "refused client={Client} stage={Stage} code={Code} reason={Reason}")]
    private partial void LogRefusedEarly(System.Net.IPAddress client, string stage, int code, string reason);

    [LoggerMessage(2004, LogLevel.Error, "The spool cannot be written: {Error}")]
    private partial void LogSpoolFailed(string error);
}
