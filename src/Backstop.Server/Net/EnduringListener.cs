using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Net;

/// <summary>
/// Listens until it is stopped. Kestrel's own listener ends for good at an unexpected error, and loops where no
/// descriptor is left. This one waits for room before it accepts, and tries again after an error.
/// </summary>
internal sealed partial class EnduringListener : IConnectionListener
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    // This many failures in a row come from the listening socket itself, which is then replaced.
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

    /// <summary>Starts listening.</summary>
    /// <param name="endPoint">An address and port, or the path of a Unix socket.</param>
    /// <param name="handed">A socket that listens there already and is not ours alone; null to open one.</param>
    /// <param name="bound">Called each time that the socket is bound, before clients can connect.</param>
    /// <param name="room">Limits the connections.</param>
    /// <param name="options">Kestrel's settings for sockets.</param>
    /// <param name="connections">Makes Kestrel's connections.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Gets a line for each series of failures, and when it listens again.</param>
    public EnduringListener(
        EndPoint endPoint, Socket? handed, Action<EndPoint> bound, ConnectionRoom room, SocketTransportOptions options,
        SocketConnectionContextFactory connections, TimeProvider time, ILogger log)
    {
        _bound = bound;
        _room = room;
        _options = options;
        _connections = connections;
        _time = time;
        _log = log;
        IsHanded = handed is not null;
        _socket = handed ?? Listen(endPoint);
        EndPoint = _socket.LocalEndPoint!;
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <summary>Whether its socket was handed over, and is not ours alone.</summary>
    public bool IsHanded { get; }

    /// <summary>The socket that it listens on at present.</summary>
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
        if (!IsHanded)
        {
            _socket.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Leaves further clients of a socket that was handed over to the next server. A listener with a socket of its own goes on until it is
    /// unbound.
    /// </summary>
    public void LeaveToNext()
    {
        if (IsHanded)
        {
            _stopping.Cancel();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();

        // Kestrel accepts no more by now, so nothing disconnects a socket that others have too.
        _socket.Dispose();
        _connections.Dispose();
        _stopping.Dispose();
    }

    private async Task<ConnectionContext?> TryAcceptAsync(CancellationToken ct)
    {
        Socket? socket = null;
        try
        {
            using var both = ct.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping.Token) : null;
            socket = await _socket.AcceptAsync(both?.Token ?? _stopping.Token);
            if (socket.LocalEndPoint is IPEndPoint)
            {
                socket.NoDelay = _options.NoDelay;
            }

            // Real time always: when a test advances its clock, a reply that the kernel is still sending must not be cut off.
            return new CountedConnection(_connections.Create(socket), _room, TimeProvider.System);
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
            // Any exception is caught here: a server that runs but no longer accepts connections is the worst case.
            socket?.Dispose();
            await RecoverAsync(error, isOfSocket: socket is null && IsOfSocket(error));
        }

        return null;
    }

    // Whether a failure of accept comes from the listening socket. Others come from a client that has gone, the
    // network, or the system: no descriptor, no memory.
    internal static bool IsOfSocket(Exception error) => error is ObjectDisposedException or SocketException
    {
        SocketErrorCode: SocketError.NotSocket or SocketError.InvalidArgument or SocketError.OperationNotSupported
            or SocketError.OperationAborted or SocketError.Fault or SocketError.SocketError
    };

    private async Task RecoverAsync(Exception error, bool isOfSocket)
    {
        _failures++;

        // A client that closed its connection while it waited is not an error.
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

        if (isOfSocket && !IsHanded && (isOld || error is ObjectDisposedException))
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
                // The stop has closed the old socket only.
                _socket.Dispose();
                return;
            }

            LogAnew(EndPoint);
        }
        catch (Exception error)
        {
            // The port is in use, no descriptor is left, or the socket's group does not exist: the next accept fails
            // and tries again.
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

    [LoggerMessage(1011, LogLevel.Error, "{EndPoint}: connections cannot be accepted: {Error}; tried again until it works")]
    private partial void LogTrouble(EndPoint endPoint, string error);

    [LoggerMessage(1012, LogLevel.Warning, "{EndPoint}: listening again, on a new socket")]
    private partial void LogAnew(EndPoint endPoint);
}
