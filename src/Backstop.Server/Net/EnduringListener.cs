using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Net;

/// <summary>
/// Listens until it is told to stop. Kestrel's own listener ends for good at an error that it does not expect, and goes round in a
/// circle where no descriptor is left; this one waits for room before it accepts, and for better times where accepting fails.
/// </summary>
internal sealed partial class EnduringListener : IConnectionListener
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    // So many in a row are the listening socket's own.
    private const int FailuresBeforeNew = 20;

    private readonly ConnectionRoom _room;
    private readonly SocketTransportOptions _options;
    private readonly SocketConnectionContextFactory _connections;
    private readonly TimeProvider _time;
    private readonly Action<EndPoint> _bound;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private Socket _socket;
    private int _failures;

    /// <summary>Begins to listen.</summary>
    /// <param name="endPoint">An address and port, or the path of a Unix socket.</param>
    /// <param name="bound">Told each time that the socket is there and nobody can connect yet.</param>
    /// <param name="room">How many connections there may be.</param>
    /// <param name="options">Kestrel's settings of sockets.</param>
    /// <param name="connections">Makes Kestrel's connections.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where trouble is told.</param>
    public EnduringListener(
        EndPoint endPoint, Action<EndPoint> bound, ConnectionRoom room, SocketTransportOptions options,
        SocketConnectionContextFactory connections, TimeProvider time, ILogger log)
    {
        _bound = bound;
        _room = room;
        _options = options;
        _connections = connections;
        _time = time;
        _log = log;
        _socket = Listen(endPoint);
        EndPoint = _socket.LocalEndPoint!;
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <summary>What is listened on just now.</summary>
    internal Socket Socket => _socket;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _room.TakeAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            if (await TryAcceptAsync(cancellationToken) is { } connection)
            {
                _failures = 0;
                return connection;
            }

            _room.Give();
        }

        return null;
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _stopping.Cancel();
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        _connections.Dispose();
        _stopping.Dispose();
    }

    private async Task<ConnectionContext?> TryAcceptAsync(CancellationToken ct)
    {
        Socket? socket = null;
        try
        {
            socket = await _socket.AcceptAsync(ct);
            if (socket.LocalEndPoint is IPEndPoint)
            {
                socket.NoDelay = _options.NoDelay;
            }

            return new CountedConnection(_connections.Create(socket), _room);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            socket?.Dispose();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            socket?.Dispose();
            throw;
        }
        catch (Exception error)
        {
            // Whatever it is: a server that no longer accepts, and lives, is the worst of all.
            socket?.Dispose();
            await RecoverAsync(error, isOfSocket: socket is null && IsOfSocket(error));
        }

        return null;
    }

    // Of what accept fails with, the rest is a client's that has gone, the network's, or the system's: no descriptor, no memory.
    internal static bool IsOfSocket(Exception error) => error is ObjectDisposedException or SocketException
    {
        SocketErrorCode: SocketError.NotSocket or SocketError.InvalidArgument or SocketError.OperationNotSupported
            or SocketError.OperationAborted or SocketError.Fault or SocketError.SocketError
    };

    private async Task RecoverAsync(Exception error, bool isOfSocket)
    {
        _failures++;

        // A client that has gone while it waited is no trouble.
        var isClients = error is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted };
        if (isClients && _failures == 1)
        {
            return;
        }

        var isOld = _failures % FailuresBeforeNew == 0;
        var tells = isOld || _failures <= 2;
        if (tells)
        {
            LogTrouble(EndPoint, error.Message);
        }

        if (isOfSocket && (isOld || error is ObjectDisposedException))
        {
            ListenAnew(tells);
        }

        await Task.Delay(_pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void ListenAnew(bool tells)
    {
        _socket.Dispose();
        try
        {
            if (EndPoint is UnixDomainSocketEndPoint unix)
            {
                File.Delete(unix.ToString());
            }

            _socket = Listen(EndPoint);
            if (_stopping.IsCancellationRequested)
            {
                // The stop has closed the one before.
                _socket.Dispose();
                return;
            }

            LogAnew(EndPoint);
        }
        catch (Exception error)
        {
            // Somebody else's port, no descriptor, a group that is gone: an accept on what is closed brings us here again.
            if (tells)
            {
                LogTrouble(EndPoint, error.Message);
            }
        }
    }

    private Socket Listen(EndPoint endPoint)
    {
        Socket? socket = null;
        try
        {
            socket = _options.CreateBoundListenSocket(endPoint);
            _bound(endPoint);
            socket.Listen(_options.Backlog);
            return socket;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket?.Dispose();
            throw new AddressInUseException(error.Message, error);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    [LoggerMessage(1011, LogLevel.Error, "{EndPoint}: no connection can be accepted just now: {Error}; tried again until it goes")]
    private partial void LogTrouble(EndPoint endPoint, string error);

    [LoggerMessage(1012, LogLevel.Warning, "{EndPoint}: listening anew")]
    private partial void LogAnew(EndPoint endPoint);
}
