using System.Net;
using Backstop.Configuration.Options;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Smtp;

/// <summary>
/// All open sessions. Counts them against the limits, ends those that are silent too long, and asks all to end at a
/// stop.
/// </summary>
/// <remarks>One timer serves all: setting the deadline of a session is one write, and an idle session needs no
/// timer.</remarks>
internal sealed class SessionRegistry : IDisposable
{
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    // So long before connections are closed at a stop, sessions are told.
    private static readonly TimeSpan _goodbye = TimeSpan.FromSeconds(2);

    private volatile SmtpOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly HashSet<SessionClock> _sessions = [];
    private readonly Dictionary<IPAddress, int> _perClient = [];
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private volatile bool _isStopping;
    private volatile bool _letsFinish;
    private long _endAt;
    private int _count;

    public SessionRegistry(SmtpOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        Stopping = _stopping.Token;
        _timer = time.CreateTimer(_ => Sweep(), null, _tick, _tick);
    }

    /// <summary>Goes by another configuration from now on.</summary>
    public void Take(SmtpOptions now) => _options = now;

    /// <summary>Whether the server is stopping.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>
    /// Whether a session that is open at a stop may still hand over one message. The next server takes new sessions meanwhile, or they
    /// wait for it.
    /// </summary>
    public bool LetsFinish => _letsFinish;

    /// <summary>Cancelled when the server begins to stop.</summary>
    public CancellationToken Stopping { get; }

    public int Count => Volatile.Read(ref _count);

    /// <summary>Admits a session, or returns the reply that it is closed with.</summary>
    public SmtpReply? Enter(SessionClock session)
    {
        lock (_gate)
        {
            if (IsStopping && !LetsFinish)
            {
                return SmtpReplies.ShuttingDown;
            }

            if (_sessions.Count >= _options.MaxConnections)
            {
                return SmtpReplies.TooManyConnections;
            }

            _sessions.Add(session);
            Volatile.Write(ref _count, _sessions.Count);
            return null;
        }
    }

    /// <summary>Counts a session for its client; false above the limit. Called once the real client is known.</summary>
    public bool CountClient(SessionClock session, IPAddress client)
    {
        if (IPAddress.IsLoopback(client))
        {
            return true;
        }

        lock (_gate)
        {
            var count = _perClient.GetValueOrDefault(client);
            if (count >= _options.MaxConnectionsPerClient)
            {
                return false;
            }

            _perClient[client] = count + 1;
            session.Client = client;
            return true;
        }
    }

    public void Leave(SessionClock session)
    {
        lock (_gate)
        {
            _sessions.Remove(session);
            Volatile.Write(ref _count, _sessions.Count);
            if (session.Client is { } client
                && --System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(_perClient, client) == 0)
            {
                _perClient.Remove(client);
            }
        }
    }

    /// <summary>Asks every session to end: those between messages at once, the others after their message.</summary>
    /// <param name="letsFinish">Whether those that have not handed over a message yet may do so before.</param>
    public void BeginStop(bool letsFinish = false)
    {
        lock (_gate)
        {
            (_isStopping, _letsFinish) = (true, letsFinish && _options.StopTimeout > _goodbye);
            _endAt = _time.GetTimestamp() + (long)((_options.StopTimeout - _goodbye).TotalSeconds * _time.TimestampFrequency);
            foreach (var session in _sessions)
            {
                session.Wake();
            }
        }

        _stopping.Cancel();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _stopping.Dispose();
    }

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        lock (_gate)
        {
            var ends = _letsFinish && now >= _endAt;
            _letsFinish &= !ends;
            foreach (var session in _sessions)
            {
                session.Check(now);
                if (ends)
                {
                    session.Wake();
                }
            }
        }
    }
}
