using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Sockets;

/// <summary>
/// Listens until it is told to stop. Kestrel's own listener ends for good at an error that it does not expect, and goes round in a circle where no
/// descriptor is left; this one waits for room before it accepts, and for better times where accepting fails.
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
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private Socket _socket;
    private int _failures;

    public EnduringListener(EndPoint endPoint, ConnectionRoom room, SocketTransportOptions options, SocketConnectionContextFactory connections, TimeProvider time, ILogger log)
    {
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
            await RecoverAsync(error);
        }

        return null;
    }

    private async Task RecoverAsync(Exception error)
    {
        _failures++;

        // A client that has gone while it waited is no trouble.
        var isClients = error is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted };
        if (isClients && _failures == 1)
        {
            return;
        }

        var isOld = _failures % FailuresBeforeNew == 0;
        if (isOld || _failures <= 2)
        {
            LogTrouble(EndPoint, error.Message);
        }

        if (isOld || error is ObjectDisposedException)
        {
            ListenAnew();
        }

        await Task.Delay(_pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void ListenAnew()
    {
        _socket.Dispose();
        try
        {
            if (EndPoint is UnixDomainSocketEndPoint unix)
            {
                File.Delete(unix.ToString());
            }

            _socket = Listen(EndPoint);
            LogAnew(EndPoint);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            LogTrouble(EndPoint, error.Message);
        }
    }

    private Socket Listen(EndPoint endPoint)
    {
        Socket? socket = null;
        try
        {
            socket = _options.CreateBoundListenSocket(endPoint);
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
