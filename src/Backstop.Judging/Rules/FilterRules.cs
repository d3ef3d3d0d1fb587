using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging.Storms;
using Backstop.Mail;

namespace Backstop.Judging.Rules;

/// <summary>
/// When spam filters are asked about a message: now, later or not at all, by how well they keep up; and what their score
/// changes.
/// </summary>
/// <param name="options">The configuration.</param>
/// <param name="scorer">Asks the filters; null where none is configured.</param>
/// <param name="ladder">How far scanning is cut back now.</param>
/// <param name="bombs">Knows who writes to a mailbox: their mail is not left out.</param>
/// <param name="metrics">Counts the messages that are not scanned.</param>
/// <param name="time">The clock.</param>
internal sealed class FilterRules(
    BackstopOptions options, IMailScorer? scorer, Ladder ladder, BombRules bombs, BackstopMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// Whether spam filters are asked; then fields that a sender wrote under their names must not be believed.
    /// </summary>
    public bool IsScored => scorer is not null;

    /// <summary>Asks the filters about a message that somebody gets, or leaves them out.</summary>
    /// <param name="judgement">What the other rules decided.</param>
    /// <param name="transaction">The client, the sender and the accepted recipients.</param>
    /// <param name="front">The message, or the front of a large one.</param>
    /// <param name="length">The whole message's octets.</param>
    /// <param name="waiting">The number of messages waiting for their folders: above a limit no filter is
    /// asked.</param>
    /// <param name="now">The time.</param>
    /// <param name="budget">The message's CPU budget.</param>
    /// <returns>The judgement with the filters' folders and fields, or with the scan that is made later.</returns>
    public async ValueTask<Judgement> AskAsync(
        Judgement judgement, Transaction transaction, ReadOnlyMemory<byte> front, long length, int waiting, DateTimeOffset now,
        MessageBudget budget)
    {
        if (scorer is null)
        {
            return judgement;
        }

        if (IsLeftOut(judgement))
        {
            var isLater = ladder.Step >= LadderStep.ScanLater;
            return judgement with { Later = isLater ? Later(transaction, judgement.Wanted, judgement.Report.From, length) : null };
        }

        using var span = Traces.Begin("scan");
        var score = await scorer.ScoreAsync(transaction, front, length, judgement.Wanted, waiting, now, budget);
        IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted = score.IsSpam
            ? [.. judgement.Wanted.Select(w => (w.Recipient, Filed(w.Recipient, w.Verdict, score.Reason)))]
            : judgement.Wanted;
        return judgement with { Wanted = wanted, FilterFields = score.Fields };
    }

    /// <summary>Counts a message that is not scanned, or not to its end.</summary>
    /// <param name="why">The label of the counter, such as "cpu" or "later".</param>
    public void CountUnscanned(string why) => metrics.NotScanned("mail", why);

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

    private bool IsLeftOut(Judgement judgement)
    {
        var reason = ladder.Step switch
        {
            LadderStep.Full => null,
            LadderStep.ScanOrdinary =>
                judgement.Wanted.All(w => bombs.IsKnown(w.Recipient.Known, judgement.Report.From)) ? "known" : null,
            _ => "later",
        };
        if (reason is not null)
        {
            CountUnscanned(reason);
        }

        return reason is not null;
    }

    // postmaster@ and abuse@ reach a person whatever the score, because complaints about spam quote it. Recipes read
    // the score in the header and decide themselves.
    private Verdict Filed(AcceptedRecipient recipient, Verdict verdict, Reason? reason) =>
        recipient.Known.IsRole || recipient.Known.Mailbox.Recipes.Length > 0 || verdict.Action != VerdictAction.Deliver
            ? verdict
            : new(VerdictAction.File, options.Spam.Folder, reason!);
}
