using System.Data.Common;
using System.Threading.Channels;
using Backstop.Judging;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Outbound;

/// <summary>
/// Writes sent messages into the journal, many in one transaction. The sender waits for it, so that a bounce is never
/// faster than its proof, but not for long: a journal that is slow, full or missing never stops mail. What cannot be
/// written is kept and tried again.
/// </summary>
internal sealed partial class JournalQueue : IDisposable
{
    private const int MaxWaiting = 10_000;
    private const int MaxBatch = 500;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly SentJournal _journal;
    private readonly TimeProvider _time;
    private readonly ILogger<JournalQueue> _log;
    private readonly int _maxWaiting;
    private readonly Channel<(SentMessage Message, TaskCompletionSource Written)> _waiting;
    private readonly Seldom _complaints;
    private readonly Seldom _losses;
    private readonly Task _writing;
    private long _dropped;

    public JournalQueue(SentJournal journal, TimeProvider time, ILogger<JournalQueue> log)
        : this(journal, MaxWaiting, time, log)
    {
    }

    internal JournalQueue(SentJournal journal, int maxWaiting, TimeProvider time, ILogger<JournalQueue> log)
    {
        _maxWaiting = maxWaiting;
        _waiting = Channel.CreateBounded<(SentMessage, TaskCompletionSource)>(
            new BoundedChannelOptions(maxWaiting) { SingleReader = true });
        _journal = journal;
        _time = time;
        _log = log;
        _complaints = new(time);
        _losses = new(time);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>How many messages since the start never came into the journal.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Adds a message to the journal.</summary>
    public async ValueTask AddAsync(SentMessage message)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_waiting.Writer.TryWrite((message, written)))
        {
            Drop(1);
            return;
        }

        try
        {
            await written.Task.WaitAsync(_patience, _time);
        }
        catch (TimeoutException)
        {
            Complain("it takes too long");
        }
    }

    /// <summary>Writes what waits, then stops.</summary>
    public void Dispose()
    {
        _waiting.Writer.TryComplete();
        _writing.Wait(_patience);
    }

    private async Task WriteAsync()
    {
        var kept = new List<SentMessage>();
        var senders = new List<TaskCompletionSource>();
        while (await IsThereMoreAsync(kept.Count > 0))
        {
            while (senders.Count < MaxBatch && _waiting.Reader.TryRead(out var next))
            {
                senders.Add(next.Written);
                if (kept.Count < _maxWaiting)
                {
                    kept.Add(next.Message);
                }
                else
                {
                    Drop(1);
                }
            }

            Write(kept);
            senders.ForEach(s => s.TrySetResult());
            senders.Clear();
        }

        Write(kept);
        if (kept.Count > 0)
        {
            Drop(kept.Count);
        }
    }

    // Messages kept after a failure do not wait for more to come.
    private async Task<bool> IsThereMoreAsync(bool isKept)
    {
        using var pause = isKept ? new CancellationTokenSource(_pause, _time) : new();
        try
        {
            return await _waiting.Reader.WaitToReadAsync(pause.Token);
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private void Write(List<SentMessage> kept)
    {
        while (kept.Count > 0)
        {
            var batch = kept[..Math.Min(MaxBatch, kept.Count)];
            try
            {
                _journal.Add(batch);
            }
            catch (DbException error)
            {
                // The disk is full, the database locked or missing: the messages are kept until it works again.
                Complain(error.Message);
                return;
            }
            catch (Exception error)
            {
                // A bug would fail again the next time, so these messages are dropped.
                Complain(error.Message);
                Drop(batch.Count);
            }

            kept.RemoveRange(0, batch.Count);
        }
    }

    // One line a minute, so that a dead disk does not fill the log.
    private void Complain(string why)
    {
        if (_complaints.Count(out _))
        {
            LogFailed(why);
        }
    }

    private void Drop(int count)
    {
        var dropped = Interlocked.Add(ref _dropped, count);
        if (_losses.Count(out _))
        {
            LogDropped(dropped);
        }
    }

    [LoggerMessage(7002, LogLevel.Error, "{Count} sent messages since the start are missing in the journal for good: more were sent than "
        + "it could write; their bounces lack that proof. Read the Sent folders: backstop journal import")]
    private partial void LogDropped(long count);

    [LoggerMessage(7001, LogLevel.Error, "Sent mail cannot be written into the journal: {Why}; mail is sent anyway, "
        + "but until this is fixed its bounces lack that proof")]
    private partial void LogFailed(string why);
}
