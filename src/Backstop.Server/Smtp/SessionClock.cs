using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Backstop.Server.Smtp;

/// <summary>When a session must have heard from its client. The registry's timer looks; the session's reads are woken.</summary>
internal sealed class SessionClock(ConnectionContext connection, TimeProvider time)
{
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(10);
    private long _deadline = long.MaxValue;
    private long _messageDeadline = long.MaxValue;
    private volatile bool _isOver;
    private volatile PipeReader? _input;

    /// <summary>The client it is counted for; null where it is not.</summary>
    public IPAddress? Client { get; set; }

    /// <summary>Whether the deadline has passed.</summary>
    public bool IsOver => _isOver;

    /// <summary>Where the session reads, so that it can be woken.</summary>
    public void Watch(PipeReader input) => _input = input;

    /// <summary>The client must say something within that time.</summary>
    public void Within(TimeSpan limit) => Volatile.Write(ref _deadline, time.GetTimestamp() + Ticks(limit));

    /// <summary>The message must end within that time, however busily it drips.</summary>
    public void MessageWithin(TimeSpan? limit) =>
        Volatile.Write(ref _messageDeadline, limit is { } span ? time.GetTimestamp() + Ticks(span) : long.MaxValue);

    /// <summary>It is our turn: no deadline runs.</summary>
    public void Pause() => Volatile.Write(ref _deadline, long.MaxValue);

    public void Wake() => _input?.CancelPendingRead();

    public void Check(long now)
    {
        var deadline = Math.Min(Volatile.Read(ref _deadline), Volatile.Read(ref _messageDeadline));
        if (deadline >= now)
        {
            return;
        }

        _isOver = true;
        Wake();

        // A client that does not even take our reply keeps the session from noticing.
        if (now - deadline > Ticks(_grace))
        {
            connection.Abort();
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
