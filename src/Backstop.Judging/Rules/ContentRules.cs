using System.Data.Common;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Rules;

/// <summary>What a message is, and what happens to it.</summary>
/// <param name="Report">The classified message.</param>
/// <param name="Verdicts">One verdict for each recipient of the transaction, in order.</param>
/// <param name="Wanted">The recipients who get the message, and their folders; empty if all refuse it.</param>
/// <param name="FilterFields">Fields that the spam filters add, each with its line end.</param>
internal sealed record Judgement(
    BounceReport Report, IReadOnlyList<Verdict> Verdicts, IReadOnlyList<(
        AcceptedRecipient Recipient, Verdict Verdict)> Wanted, string FilterFields)
{
    /// <summary>Whether it looks like mass mail; default for reports.</summary>
    public MassMailShape Shape { get; init; }

    /// <summary>
    /// Scans the message later because the filters could not keep up, and returns a folder for each mailbox; null if it
    /// was scanned or needs no scan.
    /// </summary>
    public LateDecision? Later { get; init; }

    /// <summary>
    /// Returns one verdict for all recipients: the message is filed only if every recipient files or refuses it.
    /// </summary>
    public Verdict Joint() =>
        Wanted.Select(w => w.Verdict).FirstOrDefault(v => v.Action == VerdictAction.Deliver)
            ?? (Wanted.Count > 0 ? Wanted[0].Verdict : Verdict.File(Verdicts[0].Reason));
}

/// <summary>
/// The rules at the end of data: classifies the message, looks for proofs and asks the spam filters. Used wherever a
/// whole message is available.
/// </summary>
internal sealed partial class ContentRules(
    BackstopOptions options, Proving proving, ReplyWatch replies, IMailScorer? scorer, StormDesk storms, BombRules bombs,
    Ladder ladder, ClientHistory clients, ActivityLog activity, BackstopMetrics metrics, TimeProvider time,
    ILogger<ContentRules> log)
{
    /// <summary>
    /// Whether spam filters are asked; then fields that a sender wrote under their names must not be believed.
    /// </summary>
    public bool IsScored => scorer is not null;

    /// <summary>
    /// Judges a message for each recipient of the transaction.
    /// </summary>
    /// <param name="transaction">The transaction; at least one recipient.</param>
    /// <param name="message">The message, or the front of a large one.</param>
    /// <param name="length">The whole message's octets.</param>
    /// <param name="waiting">The number of messages waiting for their folders: above a limit no filter is
    /// asked.</param>
    public async ValueTask<Judgement> JudgeAsync(Transaction transaction, MailMessage message, long length, int waiting)
    {
        var (front, isNull) = (message.Octets, transaction.ReversePath.IsNull);
        var budget = JudgingBudget.For(options, front.Length);
        var (report, shape) = budget.Run(() => Look(message, isNull), () => (BounceClassifier.Classify(message, isNull, budget), default));
        var now = time.GetUtcNow();
        var verdicts = transaction.Recipients.ConvertAll(r => Decide(transaction, report, shape, r, now));
        var judgement = new Judgement(report, verdicts, Wanted(transaction, verdicts), "") { Shape = shape };
        if (judgement.Wanted.Count > 0 && scorer is not null)
        {
            judgement = IsLeftOut(report, judgement.Wanted)
                ? judgement with
                {
                    Later = ladder.Step >= LadderStep.ScanLater ? Later(
                transaction, judgement.Wanted, report.From, length) : null
                }
                : await ScoredAsync(scorer, judgement, transaction, front, length, waiting, now, budget);
        }

        return budget.IsSpent ? Unjudged(judgement, budget) : judgement;
    }

    private static (BounceReport Report, MassMailShape Shape) Look(MailMessage message, bool isNull)
    {
        var report = BounceClassifier.Classify(message, isNull);
        return (report, report.Kind == MailKind.None ? MassMail.Look(message, report) : default);
    }

    private async ValueTask<Judgement> ScoredAsync(
        IMailScorer filters, Judgement judgement, Transaction transaction, ReadOnlyMemory<byte> front, long length,
        int waiting, DateTimeOffset now, MessageBudget budget)
    {
        using var span = Traces.Begin("scan");
        var score = await filters.ScoreAsync(transaction, front, length, judgement.Wanted, waiting, now, budget);
        IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted = score.IsSpam
            ? [.. judgement.Wanted.Select(w => (w.Recipient, Filed(w.Recipient, w.Verdict, score.Reason)))]
            : judgement.Wanted;
        return judgement with { Wanted = wanted, FilterFields = score.Fields };
    }

    // Results found before the budget ran out count; checks that did not finish do not.
    private Judgement Unjudged(Judgement judgement, MessageBudget budget)
    {
        metrics.NotScanned("mail", budget.IsBraked ? "clock" : "cpu");
        LogUnjudged(budget.Spent.TotalMilliseconds, judgement.Report.From);
        return judgement with { Wanted = [.. judgement.Wanted.Select(w => (w.Recipient, budget.Said(w.Verdict)))] };
    }

    private LateDecision? Later(
        Transaction transaction, IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted, string? from, long length)
    {
        if (wanted.All(w => w.Verdict.Action != VerdictAction.Deliver || bombs.IsKnown(w.Recipient.Known, from)))
        {
            return null;
        }

        return async content =>
        {
            var score = await scorer!.ScoreAsync(
                transaction, content, length, wanted, waiting: 0, time.GetUtcNow(), JudgingBudget.For(options, content.Length));
            return [.. wanted.DistinctBy(w => w.Recipient.Known.Mailbox).Select(w =>
                score.IsSpam ? Filed(w.Recipient, w.Verdict, score.Reason).Folder : w.Verdict.Folder)];
        };
    }

    private bool IsLeftOut(BounceReport report, IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted)
    {
        var reason = ladder.Step switch
        {
            LadderStep.Full => null,
            LadderStep.ScanOrdinary => wanted.All(w => bombs.IsKnown(w.Recipient.Known, report.From)) ? "known" : null,
            _ => "later",
        };
        if (reason is not null)
        {
            metrics.NotScanned("mail", reason);
        }

        return reason is not null;
    }

    /// <summary>Records that a message was accepted: its outcome, and whether it is a reply.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="judgement">The judgement.</param>
    /// <param name="verdict">The verdict.</param>
    /// <param name="queueId">Its queue id; empty for none.</param>
    /// <param name="started">The timestamp of the end of its data.</param>
    public void NoteTaken(Transaction transaction, Judgement judgement, Verdict verdict, string queueId, long started)
    {
        foreach (var (recipient, _) in judgement.Wanted.Where(w => w.Verdict.Action == VerdictAction.Deliver && w.Recipient.IsOurs))
        {
            bombs.Note(recipient.Known, judgement.Report, judgement.Shape);
        }

        NoteClient(transaction, judgement, verdict);
        metrics.Accepted(verdict.Action == VerdictAction.File ? "file" : "deliver", verdict.Reason, started);
        var outcome = verdict.Action == VerdictAction.File ? Outcome.Filed
            : transaction.ReversePath.IsNull ? Outcome.DeliveredReport
            : Outcome.Delivered;
        activity.Note(new(
            time.GetUtcNow(), transaction.Client.Address, transaction.ReversePath, transaction.Recipients[0].ForwardPath, "accept",
            outcome, verdict.Reason.Word, verdict.Folder, queueId,
            judgement.Report.Subject));
        if (queueId.Length == 0 && outcome == Outcome.Delivered)
        {
            // Another server has the message: it counts as delivered now.
            activity.NoteReal(System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        NoteReplies(judgement);
    }

    private void NoteClient(Transaction transaction, Judgement judgement, Verdict verdict)
    {
        if (verdict.Action == VerdictAction.File)
        {
            clients.NoteUnwanted(transaction.Client.Address);
        }
        else if (judgement.Report.Kind == MailKind.None)
        {
            clients.NoteWanted(
                transaction.Client.Address,
                () => judgement.Wanted.Any(w => w.Recipient.IsOurs && bombs.IsKnown(w.Recipient.Known, judgement.Report.From)));
        }
    }

    private void NoteReplies(Judgement judgement)
    {
        foreach (var (recipient, _) in judgement.Wanted.DistinctBy(w => w.Recipient.Known.Mailbox))
        {
            replies.Note(judgement.Report, recipient.Known.Mailbox.Keys);
        }
    }

    /// <summary>
    /// Reads the header: counts the hosts passed (RFC 5321 §6.3), and reports fields with names that only we may write.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="ours">Called with each such field that a sender wrote: filters must be able to trust these
    /// names.</param>
    public int CountHops(MailMessage message, Action<HeaderField> ours)
    {
        var front = message.Octets.Span;
        var hops = 0;
        foreach (var field in message.StrictFields)
        {
            hops += field.Is(front, "Received"u8) ? 1 : 0;
            if (IsOurs(field.Name(front)))
            {
                ours(field);
            }
        }

        return hops;
    }

    /// <summary>Whether only we may write a field with this name.</summary>
    public bool IsOurs(ReadOnlySpan<byte> name) =>
        System.Text.Ascii.EqualsIgnoreCase(name, "X-Backstop"u8) || System.Text.Ascii.EqualsIgnoreCase(name, "X-Backstop-Id"u8)
        || (IsScored && name.Length > 7 && System.Text.Ascii.EqualsIgnoreCase(name[..7], "X-Spam-"u8));

    // An unreadable journal neither proves nor refutes: the other proofs decide, nothing is refused for want of proof,
    // and no mail waits.
    private Verdict Decide(
        Transaction transaction, BounceReport report, MassMailShape shape, AcceptedRecipient recipient, DateTimeOffset now)
    {
        if (!recipient.IsOurs)
        {
            return Verdict.Deliver(ServerReasons.Other);
        }

        try
        {
            var known = recipient.Known;
            var (decided, proofs) = proving.Judge.Decide(report, new(known.IsRole, recipient.Batv, known.Ours, recipient.Srs), now);
            var verdict = bombs.Judge(transaction, known, report, shape, decided);
            if (report.Kind != MailKind.None && !known.IsRole && proofs.Passed is null && !proofs.HasHint
                && verdict.Action != VerdictAction.Deliver)
            {
                storms.Saw(transaction, known, report, verdict);
            }

            return verdict;
        }
        catch (DbException)
        {
            // StoreWatch has already logged it.
            var known = recipient.Known;
            var decided = proving.WithoutJournal.Decide(report, new(known.IsRole, recipient.Batv, known.Ours, recipient.Srs), now).Verdict;
            return bombs.Judge(transaction, known, report, shape, decided);
        }
    }

    // SMTP has one reply for all recipients: a message that one recipient wants is accepted, and filed for those that
    // would refuse it. LMTP has a reply for each.
    private static List<(AcceptedRecipient Recipient, Verdict Verdict)> Wanted(Transaction transaction, List<Verdict> verdicts)
    {
        var all = transaction.Recipients.Zip(verdicts).Select(p => (Recipient: p.First, Verdict: p.Second)).ToList();
        var wanted = all.Where(p => !p.Verdict.IsRefusal).ToList();
        return wanted.Count == 0 || transaction.Client.IsLmtp
            ? wanted
            : all.ConvertAll(p => p.Verdict.IsRefusal ? (p.Recipient, Verdict.File(p.Verdict.Reason)) : p);
    }

    // postmaster@ and abuse@ reach a person whatever the score, because complaints about spam quote it. Recipes read
    // the score in the header and decide themselves.
    private Verdict Filed(AcceptedRecipient recipient, Verdict verdict, Reason? reason) =>
        recipient.Known.IsRole || recipient.Known.Mailbox.Recipes.Length > 0 || verdict.Action != VerdictAction.Deliver
            ? verdict
            : new(VerdictAction.File, options.Spam.Folder, reason!);

    [LoggerMessage(
        2008, LogLevel.Warning,
        "A message from {From} used up its CPU budget ({Milliseconds:F0} ms) and is delivered without the remaining checks; "
        + "smtp.cpu_per_message sets the budget")]
    private partial void LogUnjudged(double milliseconds, string? from);
}
