using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Backstop.Server.Net;

/// <summary>
/// Serves connections on threads of their own that sleep in the kernel, up to a number; those beyond it through the event loop.
/// </summary>
/// <remarks>
/// Leader and followers (Schmidt, POSA2): the thread that accepts a connection serves it, after it has seen to it that another one waits.
/// A milter's dialog is many small steps, each waited for: an event loop adds a wake-up to each, measured at a third of our CPU a message.
/// </remarks>
/// <param name="serve">Serves on the thread that calls, to the end.</param>
/// <param name="serveAsync">Serves without a thread.</param>
/// <param name="onTrouble">Told when a connection cannot be accepted.</param>
internal sealed class ThreadedListener(Action<Socket> serve, Func<Socket, Task> serveAsync, Action<SocketException> onTrouble) : IDisposable
{
    private const int Backlog = 4096;
    private const int MaxThreads = 200;
    private const int MaxWaiting = 8;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Socket, bool> _served = new();
    private readonly ManualResetEventSlim _stopping = new();
    private Socket? _listener;
    private int _threads;
    private int _waiting;

    /// <summary>Begins to listen.</summary>
    /// <param name="endPoint">An address and port, or the path of a Unix socket.</param>
    /// <returns>Where, with the port that was bound.</returns>
    /// <exception cref="IOException">Somebody else listens there, or we may not.</exception>
    public EndPoint Start(EndPoint endPoint)
    {
        _listener = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            _listener.Bind(endPoint);
            _listener.Listen(Backlog);
        }
        catch (SocketException error)
        {
            throw new IOException($"Failed to bind to address {endPoint}: {error.Message}.", error);
        }

        StartThread();
        return _listener.LocalEndPoint!;
    }

    /// <summary>No new connection; those that are served get no more to read.</summary>
    public void BeginStop()
    {
        _stopping.Set();
        _listener?.Dispose();
        foreach (var socket in _served.Keys)
        {
            Quiet(() => socket.Shutdown(SocketShutdown.Receive));
        }
    }

    public void Dispose()
    {
        BeginStop();
        _stopping.Dispose();
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
            return _listener!.Accept();
        }
        catch (SocketException error) when (!_stopping.IsSet)
        {
            // Out of descriptors, most likely: the clients wait in the backlog.
            onTrouble(error);
            _stopping.Wait(_pause);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The end.
        }

        return null;
    }

    // Somebody must go on accepting: the last thread there may be serves nobody itself.
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
            // It has ended by itself.
        }
    }
}
