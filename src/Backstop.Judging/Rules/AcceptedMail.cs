using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;
using Backstop.Judging.Clients;
using Backstop.Judging.Storms;

namespace Backstop.Judging.Rules;

/// <summary>
/// Records each message that was accepted where later questions look for it: who writes to whom, what its client sends,
/// which reports are answered; and counts it.
/// </summary>
/// <param name="storms">Remembers who writes to a mailbox.</param>
/// <param name="replies">Watches for answers to messages that nobody here was seen to send.</param>
/// <param name="clients">Remembers what each client sends.</param>
/// <param name="activity">The last decisions, for the dashboard.</param>
/// <param name="metrics">The counters.</param>
/// <param name="time">The clock.</param>
internal sealed class AcceptedMail(
    StormRules storms, ReplyWatch replies, ClientHistory clients, ActivityLog activity, BackstopMetrics metrics, TimeProvider time)
{
    /// <summary>Records that a message was accepted: its outcome, and whether it is a reply.</summary>
    /// <param name="transaction">The client, the sender and the accepted recipients.</param>
    /// <param name="judgement">What was decided about the message.</param>
    /// <param name="verdict">The verdict on the message as a whole.</param>
    /// <param name="queueId">Its queue id; empty for none.</param>
    /// <param name="started">The timestamp of the end of its data.</param>
    public void Note(Transaction transaction, Judgement judgement, Verdict verdict, string queueId, long started)
    {
        foreach (var (recipient, _) in judgement.Wanted.Where(w => w.Verdict.Action == VerdictAction.Deliver && w.Recipient.IsOurs))
        {
            storms.Note(recipient.Known, judgement.Report, judgement.Shape);
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
                () => judgement.Wanted.Any(w => w.Recipient.IsOurs && storms.IsKnown(w.Recipient.Known, judgement.Report.From)));
        }
    }

    private void NoteReplies(Judgement judgement)
    {
        foreach (var (recipient, _) in judgement.Wanted.Where(w => w.Recipient.IsFirst).DistinctBy(w => w.Recipient.Known.Mailbox))
        {
            replies.Note(judgement.Report, recipient.Known.IsAlias ? recipient.Known.Ours : recipient.Known.Mailbox.Keys);
        }
    }
}
