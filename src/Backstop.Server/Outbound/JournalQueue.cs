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
    private readonly Channel<(SentMessage Message, TaskCompletionSource Written)> _waiting =
        Channel.CreateBounded<(SentMessage, TaskCompletionSource)>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    private readonly Seldom _complaints;
    private readonly Task _writing;

    public JournalQueue(SentJournal journal, TimeProvider time, ILogger<JournalQueue> log)
    {
        _journal = journal;
        _time = time;
        _log = log;
        _complaints = new(time);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Adds a message to the journal.</summary>
    public async ValueTask AddAsync(SentMessage message)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_waiting.Writer.TryWrite((message, written)))
        {
            Complain("more messages are sent than it can write");
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
                if (kept.Count < MaxWaiting)
                {
                    kept.Add(next.Message);
                }
            }

            Write(kept);
            senders.ForEach(s => s.TrySetResult());
            senders.Clear();
        }

        Write(kept);
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

    [LoggerMessage(7001, LogLevel.Error, "Sent mail cannot be written into the journal: {Why}; mail is sent all the same, "
        + "but until this is mended its bounces lack that proof")]
    private partial void LogFailed(string why);
}
