using System.Threading.Channels;
using Backstop.Judging.Rules;
using Backstop.Mailboxes.Spool;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Delivery;

/// <summary>
/// Mail that was accepted unscanned because filters could not keep up: it waits in the spool, is scanned when they can again, and
/// goes to its folder without after a minute. What a kill leaves here is delivered unscanned by the next run.
/// </summary>
internal sealed partial class LateScans : IDisposable
{
    private const int MaxHeld = 10_000;

    private static readonly TimeSpan _maxHold = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    private readonly SpoolLog _spool;
    private readonly Func<bool> _mayScan;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<(
        InDelivery Message, LateDecision Decide, DateTimeOffset Since)> _held = Channel.CreateUnbounded<(
            InDelivery, LateDecision, DateTimeOffset)>();
    private readonly CancellationTokenSource _stopping = new();
    private int _count;

    /// <summary>Begins.</summary>
    /// <param name="spool">Where the messages are.</param>
    /// <param name="mayScan">Whether filters can keep up again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    public LateScans(SpoolLog spool, Func<bool> mayScan, TimeProvider time, ILogger log)
    {
        (_spool, _mayScan, _time, _log) = (spool, mayScan, time, log);
        _ = RunAsync();
    }

    /// <summary>Takes messages on: null for the folders they were meant for.</summary>
    public Action<InDelivery, IReadOnlyList<string>?>? Decided { get; set; }

    /// <summary>Messages that wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a message; false where too many wait.</summary>
    public bool TryAdd(InDelivery message, LateDecision decide)
    {
        if (Count >= MaxHeld || _stopping.IsCancellationRequested)
        {
            return false;
        }

        Interlocked.Increment(ref _count);
        return _held.Writer.TryWrite((message, decide, _time.GetUtcNow()));
    }

    /// <summary>Lets all go unscanned: the server stops.</summary>
    public void Release() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Cancel();
        _held.Writer.TryComplete();
    }

    private async Task RunAsync()
    {
        await foreach (var (message, decide, since) in _held.Reader.ReadAllAsync())
        {
            IReadOnlyList<string>? folders = null;
            try
            {
                folders = await WaitAsync(since) ? await decide(_spool.Read(message.Entry).Body) : null;
            }
            catch (Exception error)
            {
                // Whatever is wrong with it: the mail is more important than its score.
                LogFailed(message.Entry.QueueId, error.Message);
            }

            Interlocked.Decrement(ref _count);
            Decided!(message, folders);
        }
    }

    // Whether there is still time to scan it.
    private async Task<bool> WaitAsync(DateTimeOffset since)
    {
        while (!_stopping.IsCancellationRequested && _time.GetUtcNow() - since < _maxHold)
        {
            if (_mayScan())
            {
                return true;
            }

            await Task.Delay(_pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    [LoggerMessage(3003, LogLevel.Warning, "{QueueId} could not be scanned from the spool and is delivered without: {Error}")]
    private partial void LogFailed(string queueId, string error);
}
