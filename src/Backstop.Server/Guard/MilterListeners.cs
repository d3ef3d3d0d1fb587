using System.Net;
using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Guard;

/// <summary>The listeners for milter connections of mail servers.</summary>
internal sealed partial class MilterListeners(
    Action<Socket> serve, Func<Socket, Task> serveAsync, ListenOptions options, HandedSockets handed, TimeProvider time,
    ILogger<MilterListeners> log) : IDisposable
{
    private readonly Seldom _failed = new(time);
    private readonly List<ThreadedListener> _listeners = [];

    /// <summary>Starts listening.</summary>
    /// <returns>The addresses, with the ports that were bound.</returns>
    /// <exception cref="IOException">The port is in use, or listening on it is not permitted.</exception>
    public IReadOnlyList<IPEndPoint> Start()
    {
        if (options.MilterSocket.Length > 0)
        {
            var socket = new UnixDomainSocketEndPoint(options.MilterSocket);
            if (handed.Has(socket))
            {
                // Who may connect, the service manager has set.
                Listen(socket);
            }
            else
            {
                UnixSocket.Clear(options.MilterSocket);
                Listen(socket);
                UnixSocket.Protect(options.MilterSocket, options);
            }
        }

        return [.. options.Milter.Select(e => (IPEndPoint)Listen(e))];
    }

    /// <summary>Accepts no more connections. Open ones end after the packets that they have read.</summary>
    public void BeginStop() => _listeners.ForEach(l => l.BeginStop());

    public void Dispose() => _listeners.ForEach(l => l.Dispose());

    private EndPoint Listen(EndPoint endPoint)
    {
        var listener = new ThreadedListener(serve, serveAsync, NotAccepted);
        _listeners.Add(listener);
        return listener.Start(endPoint, handed.Take(endPoint));
    }

    // Called about ten times a second where no descriptor is left, so not every failure is logged.
    internal void NotAccepted(SocketException error)
    {
        if (_failed.Count(out var count))
        {
            LogNotAccepted(error.Message, count);
        }
    }

    [LoggerMessage(7206, LogLevel.Error, "milter: connections cannot be accepted: {Error}; {Count} failures since the start")]
    private partial void LogNotAccepted(string error, long count);
}
