using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Backstop.Server.Smtp;

/// <summary>
/// The deadline by which a session must hear from its client. The timer of the registry checks it, and wakes the
/// session's read.
/// </summary>
internal sealed class SessionClock(ConnectionContext connection, TimeProvider time)
{
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(10);
    private long _deadline = long.MaxValue;
    private long _messageDeadline = long.MaxValue;
    private long _overSince;
    private volatile bool _isOver;
    private volatile PipeReader? _input;

    /// <summary>The client that the session is counted for; null where it is not counted.</summary>
    public IPAddress? Client { get; set; }

    /// <summary>Whether the deadline has passed.</summary>
    public bool IsOver => _isOver;

    /// <summary>Sets the pipe that the session reads, so that its read can be woken.</summary>
    public void Watch(PipeReader input) => _input = input;

    /// <summary>Sets how soon the client must send something.</summary>
    public void Within(TimeSpan limit) => Volatile.Write(ref _deadline, time.GetTimestamp() + Ticks(limit));

    /// <summary>Sets how soon the message must end, even if the client keeps sending.</summary>
    public void MessageWithin(TimeSpan? limit) =>
        Volatile.Write(ref _messageDeadline, limit is { } span ? time.GetTimestamp() + Ticks(span) : long.MaxValue);

    /// <summary>Stops the deadline while we are working.</summary>
    public void Pause() => Volatile.Write(ref _deadline, long.MaxValue);

    public void Wake() => _input?.CancelPendingRead();

    public void Check(long now)
    {
        var deadline = Math.Min(Volatile.Read(ref _deadline), Volatile.Read(ref _messageDeadline));
        if (deadline >= now)
        {
            return;
        }

        // However late this is: a machine may have slept. The session has its grace from now on, to say why it ends.
        _overSince = _isOver ? _overSince : now;
        _isOver = true;
        Wake();

        // A client that does not read our reply keeps the session from noticing the deadline.
        if (now - _overSince > Ticks(_grace))
        {
            connection.Abort();
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
