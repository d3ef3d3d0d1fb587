using System.Diagnostics;
using System.Net;
using System.Text;
using Backstop.Backscatter;
using Backstop.Server.Options;
using Backstop.Server.Smtp;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Spam;

/// <summary>What the filter says of a message that is received here.</summary>
/// <param name="IsSpam">It belongs into the folder for spam.</param>
/// <param name="Fields">X-Spam-* fields to put before it, each with its line end; empty when it was not scored.</param>
internal readonly record struct MailScore(bool IsSpam, string Fields)
{
    public static MailScore None { get; } = new(false, "");
}

/// <summary>
/// Asks the spam filter about mail that is on its way to an inbox. Never holds it up: what is too large, comes in a flood or is not scored in
/// time is delivered unscored.
/// </summary>
internal sealed partial class MailScorer(
    SpamFilter filter, Func<IPAddress, CancellationToken, Task<string?>> nameOf, BackstopOptions options, BackstopMetrics metrics, ILogger<MailScorer> log)
{
    private int _isOff;

    public async ValueTask<MailScore> ScoreAsync(
        Transaction transaction, IncomingMessage message, List<(AcceptedRecipient Recipient, Verdict Verdict)> wanted, int waiting, DateTimeOffset now)
    {
        if (transaction.ReversePath.IsNull || !wanted.Exists(w => w.Verdict.Action == VerdictAction.Deliver))
        {
            return MailScore.None;
        }

        var reason = message.LargeFile is not null || message.Length > options.Spam.MaxSize.Bytes ? "large" : IsOff(waiting) ? "flood" : !filter.IsReady ? "starting" : null;
        if (reason is not null)
        {
            metrics.NotScanned("mail", reason);
            return MailScore.None;
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            using var limit = new CancellationTokenSource(options.Spam.TimeLimit);
            var (scanned, autoLearn) = await ScanAsync(transaction, message, now, limit.Token).WaitAsync(limit.Token);
            metrics.Scanned("mail", scanned.Result.IsSpam, started);
            return new(scanned.Result.IsSpam, Encoding.Latin1.GetString(scanned.HeaderFields(new(options.Hostname, SpamFilter.Version, autoLearn, now))));
        }
        catch (OperationCanceledException)
        {
            metrics.NotScanned("mail", "late");
            LogLate(transaction.Client.Address, options.Spam.TimeLimit);
        }
        catch (Exception error)
        {
            // A bug, or rules that cannot be read: the mail is more important.
            metrics.NotScanned("mail", "failed");
            LogFailed(error, transaction.Client.Address);
        }

        return MailScore.None;
    }

    private async Task<FilterResult> ScanAsync(Transaction transaction, IncomingMessage message, DateTimeOffset now, CancellationToken ct)
    {
        // A copy: where we stop waiting, the buffer goes to another message while the scan still reads.
        var content = message.Front.ToArray();
        var name = await nameOf(transaction.Client.Address, ct);
        var fields = Encoding.UTF8.GetBytes(TraceHeader.ForFilter(transaction, name, options.Hostname, now));
        return await filter.ScanAsync((byte[])[.. fields, .. content], ct);
    }

    /// <summary>The first step of the ladder: off above the limit, on again below half of it.</summary>
    private bool IsOff(int waiting)
    {
        var most = Math.Max(waiting, filter.Waiting);
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

    [LoggerMessage(6203, LogLevel.Warning, "a message of {Client} was not scored within {Limit}, and is delivered without")]
    private partial void LogLate(IPAddress client, TimeSpan limit);

    [LoggerMessage(6204, LogLevel.Error, "a message of {Client} could not be scored, and is delivered without")]
    private partial void LogFailed(Exception error, IPAddress client);
}
