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

/// <summary>What a message is and what is to be done with it.</summary>
/// <param name="Report">What it is.</param>
/// <param name="Verdicts">One for each recipient of the transaction, in its order.</param>
/// <param name="Wanted">Who gets it, and into which folder; nobody where all refuse it.</param>
/// <param name="FilterFields">Fields that the spam filters add, each with its line end.</param>
internal sealed record Judgement(
    BounceReport Report, IReadOnlyList<Verdict> Verdicts, IReadOnlyList<(
        AcceptedRecipient Recipient, Verdict Verdict)> Wanted, string FilterFields)
{
    /// <summary>What it looks like from outside; nothing for reports.</summary>
    public MassMailShape Shape { get; init; }

    /// <summary>
    /// Scans it later, where filters could not keep up: a folder for each mailbox; null where it was scanned or needs no scan.
    /// </summary>
    public LateDecision? Later { get; init; }

    /// <summary>One verdict for all recipients: it is filed only where all of them file it, or would refuse it.</summary>
    public Verdict Joint() =>
        Wanted.Select(w => w.Verdict).FirstOrDefault(v => v.Action == VerdictAction.Deliver)
            ?? (Wanted.Count > 0 ? Wanted[0].Verdict : Verdict.File(Verdicts[0].Reason));
}

/// <summary>End of data: what is it, does it prove anything, is it spam? Asked wherever a whole message is shown to us.</summary>
internal sealed partial class ContentRules(
    BackstopOptions options, Proving proving, ReplyWatch replies, IMailScorer? scorer, StormDesk storms, BombRules bombs, Ladder ladder, ClientHistory clients, ActivityLog activity, BackstopMetrics metrics, TimeProvider time, ILogger<ContentRules> log)
{
    /// <summary>Whether spam filters are asked, so that their fields in what a stranger sent must not be believed.</summary>
    public bool IsScored => scorer is not null;

    /// <summary>Judges.</summary>
    /// <param name="transaction">The transaction; at least one recipient.</param>
    /// <param name="message">The message, or the front of a large one.</param>
    /// <param name="length">The whole message's octets.</param>
    /// <param name="waiting">How many messages wait for their folders: above a limit no filter is asked.</param>
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
        IMailScorer filters, Judgement judgement, Transaction transaction, ReadOnlyMemory<byte> front, long length, int waiting, DateTimeOffset now, MessageBudget budget)
    {
        using var span = Traces.Begin("scan");
        var score = await filters.ScoreAsync(transaction, front, length, judgement.Wanted, waiting, now, budget);
        IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted = score.IsSpam
            ? [.. judgement.Wanted.Select(w => (w.Recipient, Filed(w.Recipient, w.Verdict, score.Reason)))]
            : judgement.Wanted;
        return judgement with { Wanted = wanted, FilterFields = score.Fields };
    }

    // What the other filters have found still counts; what was not found because time was up does not.
    private Judgement Unjudged(Judgement judgement, MessageBudget budget)
    {
        metrics.NotScanned("mail", "cpu");
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

    /// <summary>Notes that a message was taken: what became of it, and whether it is an answer.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="judgement">What was decided.</param>
    /// <param name="verdict">What became of it.</param>
    /// <param name="queueId">Its id here; empty for none.</param>
    /// <param name="started">When its data had ended.</param>
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
            time.GetUtcNow(), transaction.Client.Address, transaction.ReversePath, transaction.Recipients[0].ForwardPath, "accept", outcome, verdict.Reason.Word, verdict.Folder, queueId,
            judgement.Report.Subject));
        if (queueId.Length == 0 && outcome == Outcome.Delivered)
        {
            // Another server has it: our part ends here.
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

    /// <summary>Walks the header: how many hosts it passed (RFC 5321 §6.3), and which fields have names that are ours to write.</summary>
    /// <param name="message">The message.</param>
    /// <param name="ours">Called with each field that a stranger wrote under a name of ours: filters must be able to believe it.</param>
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

    /// <summary>Whether a field's name is ours to write.</summary>
    public bool IsOurs(ReadOnlySpan<byte> name) =>
        System.Text.Ascii.EqualsIgnoreCase(name, "X-Backstop"u8) || System.Text.Ascii.EqualsIgnoreCase(name, "X-Backstop-Id"u8)
        || (IsScored && name.Length > 7 && System.Text.Ascii.EqualsIgnoreCase(name[..7], "X-Spam-"u8));

    // A journal that cannot be read proves nothing and refutes nothing: the other proofs decide, nothing is refused for want of it,
    // and nothing waits.
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
            // Said once, by who watches the stores.
            var known = recipient.Known;
            var decided = proving.WithoutJournal.Decide(report, new(known.IsRole, recipient.Batv, known.Ours, recipient.Srs), now).Verdict;
            return bombs.Judge(transaction, known, report, shape, decided);
        }
    }

    // SMTP has one reply for all: a message that one recipient wants is taken, and filed for those that would refuse it. LMTP
    // replies for each.
    private static List<(AcceptedRecipient Recipient, Verdict Verdict)> Wanted(Transaction transaction, List<Verdict> verdicts)
    {
        var all = transaction.Recipients.Zip(verdicts).Select(p => (Recipient: p.First, Verdict: p.Second)).ToList();
        var wanted = all.Where(p => !p.Verdict.IsRefusal).ToList();
        return wanted.Count == 0 || transaction.Client.IsLmtp
            ? wanted
            : all.ConvertAll(p => p.Verdict.IsRefusal ? (p.Recipient, Verdict.File(p.Verdict.Reason)) : p);
    }

    // postmaster@ and abuse@ reach a person whatever the score: complaints about spam quote it. Recipes have the score in the
    // header, and decide themselves.
    private Verdict Filed(AcceptedRecipient recipient, Verdict verdict, Reason? reason) =>
        recipient.Known.IsRole || recipient.Known.Mailbox.Recipes.Length > 0 || verdict.Action != VerdictAction.Deliver
            ? verdict
            : new(VerdictAction.File, options.Spam.Folder, reason!);

    [LoggerMessage(
        2008, LogLevel.Warning,
        "A message from {From} used up its CPU budget ({Milliseconds:F0} ms) and goes on unjudged; smtp.cpu_per_message")]
    private partial void LogUnjudged(double milliseconds, string? from);
}
