using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Backstop.Server.Net;

/// <summary>
/// Serves connections on their own threads, which sleep in the kernel, up to a number. Connections above it are served
/// by the event loop.
/// </summary>
/// <remarks>
/// Leader and followers (Schmidt, POSA2): the thread that accepts a connection serves it, after another thread has taken over accepting.
/// A milter's dialog has many small steps, each awaited. An event loop adds a wake-up to each, measured at a third of our CPU for a
/// message.
/// </remarks>
/// <param name="serve">Serves a connection on the calling thread until it ends.</param>
/// <param name="serveAsync">Serves a connection without a thread.</param>
/// <param name="onTrouble">Called when a connection cannot be accepted.</param>
internal sealed class ThreadedListener(Action<Socket> serve, Func<Socket, Task> serveAsync, Action<SocketException> onTrouble) : IDisposable
{
    private const int Backlog = 4096;
    private const int MaxThreads = 200;
    private const int MaxWaiting = 8;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Socket, bool> _served = new();
    private readonly ManualResetEventSlim _stopping = new();
    private readonly CancellationTokenSource _leaving = new();
    private bool _isHanded;
    private Socket? _listener;
    private int _threads;
    private int _waiting;

    /// <summary>Starts listening.</summary>
    /// <param name="endPoint">An address and port, or the path of a Unix socket.</param>
    /// <param name="handed">A socket that listens there already and is not ours alone; null to open one.</param>
    /// <returns>The address, with the port that was bound.</returns>
    /// <exception cref="IOException">The port is in use, or listening on it is not permitted.</exception>
    public EndPoint Start(EndPoint endPoint, Socket? handed = null)
    {
        _isHanded = handed is not null;
        _listener = handed ?? Listen(endPoint);
        StartThread();
        return _listener.LocalEndPoint!;
    }

    private static Socket Listen(EndPoint endPoint)
    {
        // Only a socket that is known to be TCP binds where closed connections of an earlier server linger (SO_REUSEADDR).
        var protocol = endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new IOException($"Failed to bind to address {endPoint}: {error.Message}.", error);
        }
    }

    /// <summary>Accepts no more connections. Open ones read no more data.</summary>
    public void BeginStop()
    {
        _stopping.Set();
        _leaving.Cancel();
        if (!_isHanded)
        {
            _listener?.Dispose();
        }

        foreach (var socket in _served.Keys)
        {
            Quiet(() => socket.Shutdown(SocketShutdown.Receive));
        }
    }

    public void Dispose()
    {
        BeginStop();
        _stopping.Dispose();
        _leaving.Dispose();
    }

    private void StartThread()
    {
        _threads++;
        _waiting++;
        new Thread(Run) { IsBackground = true, Name = "milter" }.Start();
    }

    private void Run()
    {
        while (!_stopping.IsSet)
        {
            if (Accept() is not { } socket)
            {
                continue;
            }

            if (!MayServe())
            {
                _ = ServeAsync(socket);
                continue;
            }

            Serve(socket);
            lock (_lock)
            {
                if (_waiting >= MaxWaiting)
                {
                    _threads--;
                    return;
                }

                _waiting++;
            }
        }
    }

    private Socket? Accept()
    {
        try
        {
            // Closing a socket wakes threads that accept on it by disconnecting it, which would end one that was handed over for all who
            // have it. So none sleeps in it, and it is closed with this process.
            return _isHanded ? Wait(_listener!.AcceptAsync(_leaving.Token)) : _listener!.Accept();
        }
        catch (SocketException error) when (!_stopping.IsSet)
        {
            // Most likely no descriptor is left; clients wait in the kernel's queue.
            onTrouble(error);
            _stopping.Wait(_pause);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The listener was stopped.
        }

        return null;
    }

    private static Socket Wait(ValueTask<Socket> accepting)
    {
        var socket = accepting.AsTask().GetAwaiter().GetResult();

        // An earlier server has set the listening socket not to block, and those that it accepts begin as it is.
        socket.Blocking = true;
        return socket;
    }

    // One thread must keep accepting, so the last free thread serves no connection itself.
    private bool MayServe()
    {
        lock (_lock)
        {
            if (_waiting == 1 && _threads >= MaxThreads)
            {
                return false;
            }

            _waiting--;
            if (_waiting == 0)
            {
                StartThread();
            }

            return true;
        }
    }

    private void Serve(Socket socket)
    {
        using (socket)
        {
            _served[socket] = true;
            if (!_stopping.IsSet)
            {
                serve(socket);
            }

            _served.TryRemove(socket, out _);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            await serveAsync(socket);
        }
    }

    private static void Quiet(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The connection has ended already.
        }
    }
}
