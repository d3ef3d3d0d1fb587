using System.Text;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>
/// Asks the filters about mail for an inbox. Never delays it: a message that is too large, comes in a flood or gets no
/// answer in time is delivered unscanned.
/// </summary>
internal sealed partial class MailScorer(
    IReadOnlyList<LimitedFilter> filters, Func<bool> isReady,
    Func<ClientIdentity, Task<string?>> nameOf, BackstopOptions options, BackstopMetrics metrics,
    ILogger<MailScorer> log) : IMailScorer, IDisposable
{
    private int _isOff;

    public IReadOnlyList<LimitedFilter> Filters => filters;

    public async ValueTask<MailScore> ScoreAsync(
        Transaction transaction, ReadOnlyMemory<byte> front, long length, IReadOnlyList<(
            AcceptedRecipient Recipient, Verdict Verdict)> wanted, int waiting, DateTimeOffset now,
        MessageBudget budget)
    {
        if (transaction.ReversePath.IsNull || !wanted.Any(w => w.Verdict.Action == VerdictAction.Deliver))
        {
            return MailScore.None;
        }

        var reason = length > front.Length || length > options.Spam.MaxSize.Bytes ? "large" : IsOff(waiting) ? "flood" : null;
        if (reason is not null)
        {
            metrics.NotScanned("mail", reason);
            return MailScore.None;
        }

        var ready = isReady() ? filters : [.. filters.Where(f => !f.IsRules)];
        if (ready.Count < filters.Count)
        {
            metrics.NotScanned("mail", "starting");
        }

        if (ready.Count == 0)
        {
            return MailScore.None;
        }

        var question = await QuestionAsync(transaction, front, wanted, now, budget);
        var verdicts = await Task.WhenAll(ready.Select(f => f.JudgeAsync(question)));
        var said = verdicts.Where(v => v is not null).Select(v => v!.Value).ToList();
        return new(said.Find(v => v.IsSpam).Reason, string.Concat(said.Select(v => v.Fields)));
    }

    public void Dispose()
    {
        foreach (var filter in filters)
        {
            filter.Dispose();
        }
    }

    private async Task<FilterQuestion> QuestionAsync(
        Transaction transaction, ReadOnlyMemory<byte> front, IReadOnlyList<(
            AcceptedRecipient Recipient, Verdict Verdict)> wanted, DateTimeOffset now, MessageBudget budget)
    {
        // A copy, because after a timeout the buffer is used for another message while the filter still reads.
        var content = front.ToArray();
        var client = transaction.Client;
        var name = await nameOf(client);
        var fields = Encoding.UTF8.GetBytes(TraceHeader.ForFilter(transaction, name, options.Hostname, now));
        return new(
            content, fields, client.Address, name ?? "", client.Helo, transaction.ReversePath.Address?.ToString() ?? "",
            [.. wanted.Select(w => w.Recipient.ForwardPath.ToString())], budget)
        {
            Mailboxes = [.. wanted.Select(w => w.Recipient.Known.Person).Distinct(StringComparer.Ordinal)],
        };
    }

    /// <summary>The first step of the ladder: filters are off above the limit, and on again below half of it.</summary>
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

    [LoggerMessage(6201, LogLevel.Warning, "spam filter off: {Waiting} messages wait")]
    private partial void LogOff(int waiting);

    [LoggerMessage(6202, LogLevel.Information, "spam filter on again: {Waiting} messages wait")]
    private partial void LogOn(int waiting);
}
