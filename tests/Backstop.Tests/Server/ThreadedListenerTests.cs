using System.Net;
using System.Net.Sockets;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

public sealed class ThreadedListenerTests
{
    /// <summary>
    /// A server that ended first leaves its side of each connection in the kernel for a minute (TIME_WAIT). The next one must be able
    /// to listen on the port all the same: beside it a mail server asks nobody meanwhile.
    /// </summary>
    [Fact]
    public async Task Listens_again_where_connections_linger()
    {
        var ct = TestContext.Current.CancellationToken;
        IPEndPoint endPoint;
        using (var first = Listener(out var served))
        {
            endPoint = (IPEndPoint)first.Start(new IPEndPoint(IPAddress.Loopback, 0));
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(endPoint, ct);
            await served.Task.WaitAsync(ct);
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], ct));
        }

        using var second = Listener(out _);
        Assert.Equal(endPoint, second.Start(endPoint));
    }

    /// <summary>One line tells what to do: what was started before it failed ends without complaints of its own.</summary>
    [Fact]
    public async Task A_port_in_use_is_told_once()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = (IPEndPoint)other.LocalEndpoint;
        using var log = new LogLines();
        var error = await Assert.ThrowsAsync<IOException>(
            () => TestServer.StartAsync(o => o.Listen.Milter = [port], logging: l => l.AddProvider(log)));
        Assert.Equal($"Failed to bind to address {port}: Address already in use. Is another server running?", error.Message);
        Assert.DoesNotContain(log.All, l => l.Contains("Background", StringComparison.Ordinal));
    }

    /// <summary>One that closes each connection at once, from its side.</summary>
    private static ThreadedListener Listener(out TaskCompletionSource served)
    {
        var done = served = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return new(
            socket =>
            {
                socket.Dispose();
                done.TrySetResult();
            },
            _ => Task.CompletedTask, _ => { });
    }
}
