using System.Collections.Concurrent;
using System.Threading.Channels;
using Backstop.Configuration.Options;
using Backstop.MailAuth;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Tables;

/// <summary>The limits of a table that is not on this machine's disk as a file.</summary>
/// <param name="TimeLimit">The time for one lookup, waiting included.</param>
/// <param name="MaxParallel">How many lookups are made at once; more wait.</param>
/// <param name="FoundFor">How long an address that was found is remembered.</param>
/// <param name="MissingFor">How long it is remembered that one is not there.</param>
internal sealed record TableLimits(TimeSpan TimeLimit, int MaxParallel, TimeSpan FoundFor, TimeSpan MissingFor);

/// <summary>
/// Asks a source within limits: an answer in time or none, each address once however many ask for it, and a source that fails
/// repeatedly rests for a while. What is known is asked again only after some time; addresses that do not exist, which strangers can
/// make up without end, are remembered apart from those that do.
/// </summary>
internal sealed partial class LimitedTable(
    string name, IAddressSource source, TableLimits limits, Func<string, bool> isLocal, TimeProvider time, ILogger<LimitedTable> log)
    : IAddressTable
{
    /// <summary>How many addresses that exist are remembered, and as many that do not.</summary>
    public const int MaxKept = 20_000;

    /// <summary>Failures in a row after which it rests.</summary>
    public const int FailuresBeforeRest = 3;

    /// <summary>How long it rests; then one lookup tries it.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    private readonly AnswerCache _found = new(MaxKept, limits.FoundFor, time);
    private readonly AnswerCache _missing = new(MaxKept, limits.MissingFor, time);
    private readonly ConcurrentDictionary<string, Task<TableAnswer>> _asking = new(StringComparer.Ordinal);

    // An item is a lookup under way: who finds it full waits.
    private readonly Channel<bool> _turns = Channel.CreateBounded<bool>(limits.MaxParallel);
    private readonly Breaker _breaker = new(FailuresBeforeRest, Rest, time);
    private readonly Seldom _wrong = new(time);
    private volatile string _why = "";

    public string Name => name;

    public string? Trouble => _breaker.IsBroken ? $"{_why}; one lookup tries it every {Rest.TotalSeconds:0} s" : null;

    public bool HasAnswered { get; private set; }

    public bool ComesFirst => false;

    public required bool KnowsDomains { get; init; }

    public async ValueTask<TableAnswer> AskAsync(string key, CancellationToken ct)
    {
        if ((_found.Find(key) ?? _missing.Find(key)) is { } known)
        {
            return known;
        }

        if (!_asking.ContainsKey(key) && !_breaker.MayAsk())
        {
            return new(null, _why);
        }

        var task = _asking.GetOrAdd(key, static (k, table) => table.AskOnceAsync(k), this);
        try
        {
            return await task.WaitAsync(ct);
        }
        finally
        {
            if (task.IsCompleted)
            {
                // The lookup may have ended before it was stored, and could not remove itself.
                _asking.TryRemove(KeyValuePair.Create(key, task));
            }
        }
    }

    private async Task<TableAnswer> AskOnceAsync(string key)
    {
        // A database is read by the thread that asks, which must not hold up the others that ask for the same address.
        await Task.Yield();
        using var limit = new CancellationTokenSource(limits.TimeLimit, time);
        try
        {
            if (!await TurnAsync(limit.Token))
            {
                return new(null, "too many lookups wait for it");
            }

            string? text;
            try
            {
                text = await source.FindAsync(key, limit.Token);
            }
            finally
            {
                _turns.Reader.TryRead(out _);
            }

            _breaker.Succeeded();
            HasAnswered = true;
            return Keep(key, text);
        }
        catch (OperationCanceledException)
        {
            return Failed($"no answer within {limits.TimeLimit.TotalSeconds:0.###} s");
        }
        catch (Exception error)
        {
            // Whatever is wrong, even a bug of ours, the mail comes again.
            return Failed(error.Message);
        }
        finally
        {
            _asking.TryRemove(key, out _);
        }
    }

    // False where its time was up before its turn came, which is not the source's failure: those before it report that.
    private async ValueTask<bool> TurnAsync(CancellationToken ct)
    {
        try
        {
            await _turns.Writer.WriteAsync(true, ct);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private TableAnswer Keep(string key, string? text)
    {
        if (text is null)
        {
            _missing.Add(key, TableAnswer.Missing);
            return TableAnswer.Missing;
        }

        if (AddressFile.TargetsOf(text, key, isLocal, out var error) is { } targets)
        {
            var answer = new TableAnswer(targets);
            _found.Add(key, answer);
            return answer;
        }

        if (_wrong.Count(out var count))
        {
            LogWrong(name, key, error, count);
        }

        // Not remembered, so that a table that was mended is believed at once.
        return new(null, error, IsWrong: true);
    }

    private TableAnswer Failed(string why)
    {
        // The text before the breaker, so that whoever sees it broken finds the reason.
        _why = why;

        // That it rests is logged once, by the watch over the protections.
        if (!_breaker.Failed())
        {
            LogFailed(name, why);
        }

        return new(null, why);
    }

    [LoggerMessage(7401, LogLevel.Warning, "table {Name} did not answer; the recipient was answered 451: {Why}")]
    private partial void LogFailed(string name, string why);

    [LoggerMessage(
        7402, LogLevel.Error,
        "table {Name}, {Key}: {Error}; mend the entry: the recipient is answered 451 until then ({Count} times since the start)")]
    private partial void LogWrong(string name, string key, string error, long count);
}
