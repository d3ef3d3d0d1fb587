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

    private readonly SmtpOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly HashSet<SessionClock> _sessions = [];
    private readonly Dictionary<IPAddress, int> _perClient = [];
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private int _count;

    public SessionRegistry(SmtpOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _timer = time.CreateTimer(_ => Sweep(), null, _tick, _tick);
    }

    /// <summary>Whether the server is stopping.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Cancelled when the server begins to stop.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Admits a session, or returns the reply that it is closed with.</summary>
    public SmtpReply? Enter(SessionClock session)
    {
        lock (_gate)
        {
            if (IsStopping)
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
    public void BeginStop()
    {
        lock (_gate)
        {
            IsStopping = true;
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
            foreach (var session in _sessions)
            {
                session.Check(now);
            }
        }
    }
}
