using System.Threading.Channels;
using Backstop.Judging.Rules;
using Backstop.Mailboxes.Spool;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Delivery;

/// <summary>
/// Messages that were accepted unscanned because filters could not keep up. They wait in the spool, are scanned when
/// filters keep up again, and are delivered unscanned after a minute. After a crash they are delivered unscanned.
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
        InDelivery Message, LateDecision Decide, IDisposable? Needed, DateTimeOffset Since)> _held = Channel.CreateUnbounded<(
            InDelivery, LateDecision, IDisposable?, DateTimeOffset)>();
    private readonly CancellationTokenSource _stopping = new();
    private int _count;

    /// <summary>Starts the scanning.</summary>
    /// <param name="spool">The spool that the messages are in.</param>
    /// <param name="mayScan">Whether filters keep up again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Gets a line for each message that could not be scanned.</param>
    public LateScans(SpoolLog spool, Func<bool> mayScan, TimeProvider time, ILogger log)
    {
        (_spool, _mayScan, _time, _log) = (spool, mayScan, time, log);
        _ = RunAsync();
    }

    /// <summary>Receives a message and its folders; null for the folders that were decided before.</summary>
    public Action<InDelivery, IReadOnlyList<string>?>? Decided { get; set; }

    /// <summary>How many messages wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds a message; false where too many wait.</summary>
    /// <param name="message">The message.</param>
    /// <param name="decide">Scans it, and returns the folder of each copy.</param>
    /// <param name="needed">What the scan needs; disposed of when it is done, or not made.</param>
    public bool TryAdd(InDelivery message, LateDecision decide, IDisposable? needed = null)
    {
        if (Count >= MaxHeld || _stopping.IsCancellationRequested)
        {
            needed?.Dispose();
            return false;
        }

        Interlocked.Increment(ref _count);
        return _held.Writer.TryWrite((message, decide, needed, _time.GetUtcNow()));
    }

    /// <summary>Delivers all waiting messages unscanned, because the server stops.</summary>
    public void Release() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Cancel();
        _held.Writer.TryComplete();
    }

    private async Task RunAsync()
    {
        await foreach (var (message, decide, needed, since) in _held.Reader.ReadAllAsync())
        {
            IReadOnlyList<string>? folders = null;
            try
            {
                folders = await WaitAsync(since) ? await decide(_spool.Read(message.Entry).Body) : null;
            }
            catch (Exception error)
            {
                // Whatever is wrong, the mail matters more than its score.
                LogFailed(message.Entry.QueueId, error.Message);
            }
            finally
            {
                needed?.Dispose();
            }

            Interlocked.Decrement(ref _count);
            Decided!(message, folders);
        }
    }

    // Whether there is still time to scan the message.
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

    [LoggerMessage(3003, LogLevel.Warning, "{QueueId} could not be scanned from the spool and is delivered unscanned: {Error}")]
    private partial void LogFailed(string queueId, string error);
}
