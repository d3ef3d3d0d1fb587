using System.Net;
using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Guard;

/// <summary>The listeners for milter connections of mail servers.</summary>
internal sealed partial class MilterListeners(MilterHandler handler, ListenOptions options, ILogger<MilterListeners> log) : IDisposable
{
    private readonly List<ThreadedListener> _listeners = [];

    /// <summary>Starts listening.</summary>
    /// <returns>The addresses, with the ports that were bound.</returns>
    /// <exception cref="IOException">The port is in use, or listening on it is not permitted.</exception>
    public IReadOnlyList<IPEndPoint> Start()
    {
        if (options.MilterSocket.Length > 0)
        {
            UnixSocket.Clear(options.MilterSocket);
            Listen(new UnixDomainSocketEndPoint(options.MilterSocket));
            UnixSocket.Protect(options.MilterSocket, options);
        }

        return [.. options.Milter.Select(e => (IPEndPoint)Listen(e))];
    }

    /// <summary>Accepts no more connections. Open ones end after the packets that they have read.</summary>
    public void BeginStop() => _listeners.ForEach(l => l.BeginStop());

    public void Dispose() => _listeners.ForEach(l => l.Dispose());

    private EndPoint Listen(EndPoint endPoint)
    {
        var listener = new ThreadedListener(handler.Run, handler.RunAsync, e => LogNotAccepted(e.Message));
        _listeners.Add(listener);
        return listener.Start(endPoint);
    }

    [LoggerMessage(7206, LogLevel.Error, "milter: a connection cannot be accepted: {Error}")]
    private partial void LogNotAccepted(string error);
}
