using System.Collections.Concurrent;
using System.Net;
using Backstop.Configuration.Options;
using Backstop.Server.Net;

namespace Backstop.Server.Way;

/// <summary>The next server, and the open connections to it.</summary>
internal sealed class NextHop(EndPoint to, bool isLmtp, BackstopOptions options, TimeProvider time) : IDisposable
{
    private readonly RelayOptions _limits = options.Relay;
    private readonly ConcurrentStack<NextHopConnection> _idle = new();
    private volatile bool _isDisposed;

    public bool IsLmtp => isLmtp;

    public RelayOptions Limits => _limits;

    /// <summary>Returns a connection that is ready for a transaction.</summary>
    /// <exception cref="IOException">The next server cannot be reached.</exception>
    public async Task<NextHopConnection> TakeAsync()
    {
        while (_idle.TryPop(out var known))
        {
            if (time.GetElapsedTime(known.LastUsed) < _limits.KeepIdle && await IsReadyAsync(known))
            {
                return known;
            }

            known.Dispose();
        }

        return await NextHopConnection.OpenAsync(
            to, $"{(isLmtp ? "LHLO" : "EHLO")} {options.Hostname}", _limits.ConnectTimeout, _limits.CommandTimeout, time);
    }

    /// <summary>Keeps a connection for the next transaction.</summary>
    public void Return(NextHopConnection connection)
    {
        connection.LastUsed = time.GetTimestamp();
        _idle.Push(connection);
        if (_isDisposed)
        {
            // It came back when nobody was left to use it.
            Dispose();
        }
    }

    /// <summary>
    /// Gives up a transaction at once, since the next server holds a file open for it; then keeps the connection.
    /// </summary>
    public async Task ReturnAsync(NextHopConnection connection)
    {
        if (await IsReadyAsync(connection))
        {
            Return(connection);
        }
        else
        {
            connection.Dispose();
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        while (_idle.TryPop(out var connection))
        {
            connection.Dispose();
        }
    }

    // Servers close idle connections. That is found out here, where another can be opened, and not in a transaction.
    private async Task<bool> IsReadyAsync(NextHopConnection connection)
    {
        try
        {
            return (await connection.AskAsync("RSET", _limits.CommandTimeout)).Code == 250;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
