using System.Diagnostics;
using System.Net;
using Backstop.MailAuth;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Filters;

/// <summary>The limits of a filter.</summary>
/// <param name="TimeLimit">The time for one message, waiting included.</param>
/// <param name="MaxParallel">How many messages are scanned at once; more wait.</param>
/// <param name="FailuresBeforeRest">How many failures in a row suspend the filter.</param>
/// <param name="Rest">How long it is suspended; then one message tries it.</param>
internal sealed record FilterLimits(TimeSpan TimeLimit, int MaxParallel, int FailuresBeforeRest, TimeSpan Rest);

/// <summary>
/// Asks a filter within limits: it answers in time or is not waited for, and one that fails repeatedly is suspended for
/// a while.
/// </summary>
internal sealed partial class LimitedFilter(
    IMessageFilter filter, FilterLimits limits, TimeProvider time, BackstopMetrics metrics, ILogger<LimitedFilter> log) : IDisposable
{
    private readonly FairTurns _turns = new(limits.MaxParallel, time);
    private readonly Breaker _breaker = new(limits.FailuresBeforeRest, limits.Rest, time);
    private int _waiting;
    private volatile string _why = "";

    public string Name => filter.Name;

    public bool IsReady => filter.IsReady;

    /// <summary>Called with the time that each message waited for its turn.</summary>
    public Action<TimeSpan>? Waited { get; set; }

    /// <summary>How many messages are being scanned or wait for it.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Whether the filter is suspended now.</summary>
    public bool Rests => _breaker.Rests;

    /// <summary>Why the filter is suspended; null while it is asked about every message.</summary>
    public string? Trouble => _breaker.IsBroken ? _why : null;

    /// <summary>Whether it has answered since it was made.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Asks the filter about a message; null where there is no answer.</summary>
    public async Task<FilterVerdict?> JudgeAsync(FilterQuestion question)
    {
        if (!_breaker.MayAsk())
        {
            metrics.NotScanned(Name, "resting");
            return null;
        }

        var started = Stopwatch.GetTimestamp();
        Interlocked.Increment(ref _waiting);
        try
        {
            using var limit = new CancellationTokenSource(limits.TimeLimit, time);
            var left = _turns.Left;
            if (await TurnAsync(question.Client, limit.Token) is not { } turn)
            {
                Queued(isStuck: _turns.Left == left);
                return null;
            }

            var verdict = await AskAsync(question, turn, limit.Token).WaitAsync(limit.Token);
            _breaker.Succeeded();
            HasAnswered = true;
            if (verdict.IsUnjudged)
            {
                // The message's fault, not the filter's, so it does not count as a failure.
                metrics.NotScanned(Name, "cpu");
                return null;
            }

            metrics.Scanned(Name, verdict.IsSpam, started);
            return verdict;
        }
        catch (OperationCanceledException)
        {
            Failed("late", $"it did not answer within {limits.TimeLimit.TotalSeconds:0.###} s");
        }
        catch (Exception error)
        {
            // Whatever is wrong, even a bug of ours, the mail matters more.
            Failed("failed", error.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return null;
    }

    public void Dispose() => (filter as IDisposable)?.Dispose();

    // Null where its time was up before its turn came.
    private async ValueTask<FairTurns.Turn?> TurnAsync(IPAddress client, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            return await _turns.EnterAsync(client, ct);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            Waited?.Invoke(Stopwatch.GetElapsedTime(began));
        }
    }

    // A message that is not waited for any more keeps its slot until the filter is done with it, so that a slow filter
    // never has more messages at once than its limit.
    private async Task<FilterVerdict> AskAsync(FilterQuestion question, FairTurns.Turn turn, CancellationToken ct)
    {
        try
        {
            return await filter.JudgeAsync(question, ct);
        }
        finally
        {
            _turns.Leave(turn);
        }
    }

    // A message whose turn never came is not a failure of the filter, unless the filter finished no other message in that time.
    private void Queued(bool isStuck)
    {
        if (isStuck)
        {
            Failed("late", $"it did not answer anything within {limits.TimeLimit.TotalSeconds:0.###} s");
        }
        else
        {
            metrics.NotScanned(Name, "queued");
        }
    }

    private void Failed(string outcome, string why)
    {
        metrics.NotScanned(Name, outcome);
        _why = $"{why}; it is suspended, and one message tries it every {limits.Rest.TotalSeconds:0.###} s";

        // That it is suspended is logged once, by the watch over the protections.
        if (!_breaker.Failed())
        {
            LogFailed(Name, why);
        }
    }

    [LoggerMessage(6203, LogLevel.Warning, "filter {Name} failed; message accepted unscanned: {Why}")]
    private partial void LogFailed(string name, string why);
}
