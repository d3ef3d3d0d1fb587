using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Logging;

/// <summary>
/// Writes the log to a stream, one line for each event: <c>time level id text</c>, or for journald, which has times of its own,
/// <c>&lt;priority&gt;level id text</c> (sd-daemon(3)). Lines are collected for a moment and written together.
/// </summary>
/// <remarks>
/// Microsoft's console logger costs a write and two thread switches for each line, 0.035 ms of CPU: a third of the cost of refusing a
/// bounce. Bounded: above <see cref="MaxBuffered"/> octets lines are dropped and counted, because a log must never stop mail.
/// </remarks>
internal sealed class LineLoggerProvider : ILoggerProvider
{
    private const int MaxBuffered = 8 << 20;
    private static readonly TimeSpan _gather = TimeSpan.FromMilliseconds(20);

    private readonly Stream _output;
    private readonly bool _isForJournald;
    private readonly Func<int, bool> _has;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private ArrayBufferWriter<byte> _lines = new(64 << 10);
    private ArrayBufferWriter<byte> _spare = new(64 << 10);
    private bool _scheduled;
    private long _dropped;

    /// <summary>Begins to write.</summary>
    /// <param name="output">The stream that the lines go to; disposed with the provider.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isForJournald">Whether the lines begin with a priority instead of a time.</param>
    /// <param name="has">Which events it has, by their ids; null for all.</param>
    public LineLoggerProvider(Stream output, TimeProvider time, bool isForJournald = false, Func<int, bool>? has = null)
    {
        _output = output;
        _isForJournald = isForJournald;
        _has = has ?? (static _ => true);
        _time = time;
        _timer = time.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void Dispose()
    {
        _timer.Dispose();
        Flush();
        _output.Dispose();
    }

    private void Log<TState>(
        LogLevel level, int id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (_has(id))
        {
            Write(level, id, formatter(state, exception), exception);
        }
    }

    private void Write(LogLevel level, int id, string text, Exception? exception)
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            if (_lines.WrittenCount > MaxBuffered)
            {
                _dropped++;
                return;
            }

            Append(now, level, id, text, exception);
            if (!_scheduled)
            {
                _scheduled = true;
                _timer.Change(_gather, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Append(DateTimeOffset now, LogLevel level, int id, string text, Exception? exception)
    {
        var span = _lines.GetSpan(64);
        int written;
        if (_isForJournald)
        {
            Utf8.TryWrite(span, CultureInfo.InvariantCulture, $"<{Priority(level)}>{Word(level)} {id} ", out written);
        }
        else
        {
            Utf8.TryWrite(span, CultureInfo.InvariantCulture, $"{now:yyyy-MM-ddTHH:mm:ss.fff}Z {Word(level)} {id} ", out written);
        }

        _lines.Advance(written);
        Encoding.UTF8.GetBytes(OneLine(text), _lines);
        if (exception is not null)
        {
            _lines.Write(" "u8);
            Encoding.UTF8.GetBytes(OneLine(exception.ToString()), _lines);
        }

        _lines.Write("\n"u8);
    }

    private void Flush()
    {
        ArrayBufferWriter<byte> lines;
        var lost = 0;
        lock (_gate)
        {
            _scheduled = false;
            if (_dropped > 0)
            {
                Append(
                    _time.GetUtcNow(), LogLevel.Warning, 0,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{_dropped} log lines were dropped, because the log could not be written, or not fast enough"),
                    null);
                _dropped = 0;
            }

            (lines, _lines) = (_lines, _spare);
        }

        try
        {
            _output.Write(lines.WrittenSpan);
            _output.Flush();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The log cannot be written now. Mail goes on, and the first line that can be written again tells what is missing.
            lost = lines.WrittenSpan.Count((byte)'\n');
        }

        lines.ResetWrittenCount();
        lock (_gate)
        {
            _spare = lines;
            _dropped += lost;
        }
    }

    // A line may contain text of a client, which must not begin another line or reverse the direction of what follows.
    private static string OneLine(string text) =>
        ShownText.Of(text.Contains('\n', StringComparison.Ordinal) ? text.Replace('\n', '|') : text);

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "crit",
        LogLevel.Error => "error",
        LogLevel.Warning => "warn",
        LogLevel.Information => "info",
        _ => "debug",
    };

    // syslog(3)
    private static int Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };

    private sealed class LineLogger(LineLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Log(logLevel, eventId.Id, state, exception, formatter);
    }
}
