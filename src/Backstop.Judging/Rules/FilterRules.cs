using System.Text;
using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging.Filters;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Rules;

/// <summary>
/// When spam filters are asked about a message: now, later or not at all, by how well they keep up; and what their score
/// changes. No mail waits for them: one that is too large, comes in a flood or gets no answer in time is delivered unscanned.
/// </summary>
/// <param name="options">The configuration.</param>
/// <param name="filters">The filters, the stronger reason first; none where mail is not scored.</param>
/// <param name="nameOf">Finds the DNS name of a client.</param>
/// <param name="ladder">How far scanning is cut back now.</param>
/// <param name="storms">Knows who writes to a mailbox: their mail is not left out.</param>
/// <param name="metrics">Counts the messages that are not scanned.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
internal sealed partial class FilterRules(
    BackstopOptions options, IReadOnlyList<LimitedFilter> filters, Func<ClientIdentity, Task<string?>> nameOf, Ladder ladder,
    StormRules storms, BackstopMetrics metrics, TimeProvider time, ILogger<FilterRules> log)
{
    private int _isOff;

    /// <summary>
    /// Whether spam filters are asked; then fields that a sender wrote under their names must not be believed.
    /// </summary>
    public bool IsScored => filters.Count > 0;

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
        if (!IsScored)
        {
            return judgement;
        }

        if (IsLeftOut(judgement))
        {
            var isLater = ladder.Step >= LadderStep.ScanLater;
            return judgement with { Later = isLater ? Later(transaction, judgement.Wanted, judgement.Report.From, length) : null };
        }

        using var span = Traces.Begin("scan");
        var score = await ScoreAsync(transaction, front, length, judgement.Wanted, waiting, now, budget);
        IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted = score.Reason is { } reason
            ? [.. judgement.Wanted.Select(w => (w.Recipient, Filed(w.Recipient, w.Verdict, reason)))]
            : judgement.Wanted;
        return judgement with { Wanted = wanted, FilterFields = score.Fields };
    }

    /// <summary>Counts a message that is not scanned, or not to its end.</summary>
    /// <param name="why">The label of the counter, such as "cpu" or "later".</param>
    public void CountUnscanned(string why) => metrics.NotScanned("mail", why);

    // Asks all filters at once. None that fails, or is late, is in the score.
    private async ValueTask<Score> ScoreAsync(
        Transaction transaction, ReadOnlyMemory<byte> front, long length,
        IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted, int waiting, DateTimeOffset now, MessageBudget budget)
    {
        if (transaction.ReversePath.IsNull || !wanted.Any(w => w.Verdict.Action == VerdictAction.Deliver))
        {
            return Score.None;
        }

        var why = length > front.Length || length > options.Spam.MaxSize.Bytes ? "large" : IsOff(waiting) ? "flood" : null;
        if (why is not null)
        {
            CountUnscanned(why);
            return Score.None;
        }

        List<LimitedFilter> ready = [.. filters.Where(f => f.IsReady)];
        if (ready.Count < filters.Count)
        {
            CountUnscanned("starting");
        }

        if (ready.Count == 0)
        {
            return Score.None;
        }

        var question = await QuestionAsync(transaction, front, wanted, now, budget);
        var verdicts = await Task.WhenAll(ready.Select(f => f.JudgeAsync(question)));
        var said = verdicts.Where(v => v is not null).Select(v => v!.Value).ToList();
        return new(said.Find(v => v.IsSpam).Reason, string.Concat(said.Select(v => v.Fields)));
    }

    private async Task<FilterQuestion> QuestionAsync(
        Transaction transaction, ReadOnlyMemory<byte> front, IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted,
        DateTimeOffset now, MessageBudget budget)
    {
        // A copy, because after a timeout the buffer is used for another message while the filter still reads.
        var content = front.ToArray();
        var client = transaction.Client;
        var name = await nameOf(client);
        var fields = Encoding.UTF8.GetBytes(TraceHeader.ForFilter(transaction, name, options.Hostname, now));
        return new(
            content, fields, client.Address, name ?? "", client.Helo, transaction.ReversePath.Address?.ToString() ?? "",
            [.. wanted.Where(w => w.Recipient.IsFirst).Select(w => w.Recipient.ForwardPath.ToString())], budget)
        {
            Mailboxes = [.. wanted.Select(w => w.Recipient.Known.Owner).Distinct(StringComparer.Ordinal)],
        };
    }

    // The first step of the ladder: filters are off above the limit, and on again below half of it.
    private bool IsOff(int waiting)
    {
        var most = filters.Aggregate(waiting, (m, f) => Math.Max(m, f.Waiting));
        var limit = options.Spam.SkipWhenWaiting;
        if (most >= limit && Interlocked.Exchange(ref _isOff, 1) == 0)
        {
            LogOff(most);
        }
        else if (most <= limit / 2 && Interlocked.Exchange(ref _isOff, 0) == 1)
        {
            LogOn(most);
        }

        return Volatile.Read(ref _isOff) == 1;
    }

    private LateDecision? Later(
        Transaction transaction, IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> wanted, string? from, long length)
    {
        if (wanted.All(w => w.Verdict.Action != VerdictAction.Deliver || storms.IsKnown(w.Recipient.Known, from)))
        {
            return null;
        }

        return async content =>
        {
            var score = await ScoreAsync(
                transaction, content, length, wanted, waiting: 0, time.GetUtcNow(), JudgingBudget.For(options, content.Length));
            return [.. wanted.DistinctBy(w => w.Recipient.Known.Mailbox).Select(w =>
                score.Reason is { } reason ? Filed(w.Recipient, w.Verdict, reason).Folder : w.Verdict.Folder)];
        };
    }

    private bool IsLeftOut(Judgement judgement)
    {
        var reason = ladder.Step switch
        {
            LadderStep.Full => null,
            LadderStep.ScanOrdinary =>
                judgement.Wanted.All(w => storms.IsKnown(w.Recipient.Known, judgement.Report.From)) ? "known" : null,
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
    private Verdict Filed(AcceptedRecipient recipient, Verdict verdict, Reason reason) =>
        recipient.Known.IsRole || recipient.Known.Mailbox.Recipes.Length > 0 || verdict.Action != VerdictAction.Deliver
            ? verdict
            : new(VerdictAction.File, options.Spam.Folder, reason);

    [LoggerMessage(6201, LogLevel.Warning, "spam filter off: {Waiting} messages wait")]
    private partial void LogOff(int waiting);

    [LoggerMessage(6202, LogLevel.Information, "spam filter on again: {Waiting} messages wait")]
    private partial void LogOn(int waiting);

    // What the filters say together: why it is spam, null where it is not, and the fields to write in front of it.
    private readonly record struct Score(Reason? Reason, string Fields)
    {
        public static Score None { get; } = new(null, "");
    }
}
