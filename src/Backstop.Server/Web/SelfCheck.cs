using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Configuration.Options;

namespace Backstop.Server.Web;

/// <summary>
/// Checks whether our own SMTP port greets. A server whose listener has died looks healthy from inside.
/// </summary>
/// <param name="options">Returns which clients send a PROXY header.</param>
/// <param name="listening">Returns the address of the SMTP port; null where there is none.</param>
/// <param name="time">The clock.</param>
internal sealed class SelfCheck(Func<BackstopOptions> options, Func<IPEndPoint?> listening, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(3);

    // Repeated checks get the same result for this time, because each costs a connection.
    private static readonly TimeSpan _kept = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _one = new(1, 1);
    private long _at;
    private string? _trouble;
    private bool _asked;

    /// <summary>Returns what is wrong; null where the port greets.</summary>
    public async Task<string?> AskAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            if (!_asked || time.GetElapsedTime(_at) >= _kept)
            {
                _trouble = listening() is { } endPoint ? await GreetingAsync(endPoint, ct) : null;
                (_asked, _at) = (true, time.GetTimestamp());
            }

            return _trouble;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<string?> GreetingAsync(IPEndPoint endPoint, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(_limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(Reachable(endPoint.Address), endPoint.Port), limit.Token);
            if (options().Listen.ProxyFrom.Any(n => n.Contains(Reachable(endPoint.Address))))
            {
                await socket.SendAsync("PROXY UNKNOWN\r\n"u8.ToArray(), limit.Token);
            }

            var reply = new byte[512];
            var length = await socket.ReceiveAsync(reply, limit.Token);

            // 421: the server lives and is busy.
            if (!reply.AsSpan(0, length).StartsWith("220"u8) && !reply.AsSpan(0, length).StartsWith("421"u8))
            {
                return length == 0
                    ? $"{endPoint} closes connections"
                    : $"{endPoint} greets with {Encoding.Latin1.GetString(reply, 0, length).Trim()}";
            }

            await socket.SendAsync("QUIT\r\n"u8.ToArray(), limit.Token);
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"{endPoint} does not answer within {_limit.TotalSeconds:F0} seconds";
        }
        catch (SocketException error)
        {
            return $"{endPoint}: {error.Message}";
        }
    }

    private static IPAddress Reachable(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;
}
