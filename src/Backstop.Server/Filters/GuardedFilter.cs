using System.Diagnostics;
using System.Net;
using Backstop.Judging;
using Backstop.MailAuth;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>How a filter is held in bounds.</summary>
/// <param name="TimeLimit">For one message, waiting included.</param>
/// <param name="MaxParallel">Messages at once; more wait.</param>
/// <param name="FailuresBeforeRest">Failures in a row after which it is left alone.</param>
/// <param name="Rest">For how long; then one message tries it.</param>
internal sealed record FilterLimits(TimeSpan TimeLimit, int MaxParallel, int FailuresBeforeRest, TimeSpan Rest);

/// <summary>
/// A filter that can be asked without fear: it answers in time or not at all, and one that fails again and again is left alone for
/// a while.
/// </summary>
internal sealed partial class GuardedFilter(
    IMessageFilter filter, FilterLimits limits, TimeProvider time, BackstopMetrics metrics, ILogger<GuardedFilter> log) : IDisposable
{
    private readonly FairTurns _turns = new(limits.MaxParallel, time);
    private readonly Breaker _breaker = new(limits.FailuresBeforeRest, limits.Rest, time);
    private int _waiting;

    public string Name => filter.Name;

    /// <summary>Whether it is the rules, which are read for a second or two after the start; the others can be asked at once.</summary>
    public bool IsRules => filter is RulesFilter;

    /// <summary>Told how long each message waited for its turn.</summary>
    public Action<TimeSpan>? Waited { get; set; }

    /// <summary>Messages being judged or waiting for that.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Whether it is left alone just now.</summary>
    public bool Rests => _breaker.Rests;

    /// <summary>Null where it says nothing.</summary>
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
            if (await TurnAsync(question.Client, limit.Token) is not { } turn)
            {
                // Others were before it; the filter did not fail.
                metrics.NotScanned(Name, "queued");
                return null;
            }

            var verdict = await AskAsync(question, turn, limit.Token).WaitAsync(limit.Token);
            _breaker.Succeeded();
            if (verdict.IsUnjudged)
            {
                // The message's fault, not the filter's.
                metrics.NotScanned(Name, "cpu");
                return null;
            }

            metrics.Scanned(Name, verdict.IsSpam, started);
            return verdict;
        }
        catch (OperationCanceledException)
        {
            Failed("late", $"no answer within {limits.TimeLimit.TotalSeconds:0.###} s");
        }
        catch (Exception error)
        {
            // Whatever is wrong with it, even a bug of ours: the mail is more important.
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

    // A message that is given up keeps its slot until the filter lets go of it: a slow filter is not asked more at once than it may be.
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

    private void Failed(string outcome, string why)
    {
        metrics.NotScanned(Name, outcome);
        if (_breaker.Failed())
        {
            LogRests(Name, limits.Rest, why);
        }
        else
        {
            LogFailed(Name, why);
        }
    }

    [LoggerMessage(6203, LogLevel.Warning, "filter {Name} failed, the message goes without its say: {Why}")]
    private partial void LogFailed(string name, string why);

    [LoggerMessage(6204, LogLevel.Error, "filter {Name} failed again and is left alone for {Rest}: {Why}")]
    private partial void LogRests(string name, TimeSpan rest, string why);
}
