using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Protocols.Tables;

namespace Backstop.Tests.Server;

/// <summary>A small socketmap server on loopback: says what a test has it say, and counts what it is asked.</summary>
internal sealed class SocketmapServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public SocketmapServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>The entry for <c>recipients.tables</c>.</summary>
    public string Entry => $"socketmap:{_listener.LocalEndpoint}:virtual";

    /// <summary>What each key leads to; anything else is not found.</summary>
    public ConcurrentDictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>The octets of every reply; null for what <see cref="Values"/> says. Empty closes the connection.</summary>
    public byte[]? Says { get; set; }

    /// <summary>Whether it accepts connections and is silent.</summary>
    public bool IsSilent { get; set; }

    /// <summary>The keys that it was asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _serving;
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(AnswerAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        var buffer = new byte[4096];
        try
        {
            for (int length; (length = await stream.ReadAsync(buffer, _stopping.Token)) > 0;)
            {
                var received = new System.Buffers.ReadOnlySequence<byte>(buffer, 0, length);
                var query = TableQuery.TryRead(ref received)!;
                Asked.Enqueue(query.Key);
                if (IsSilent)
                {
                    continue;
                }

                var reply = Says ?? (query.Table != "virtual" ? Encoding.ASCII.GetBytes("13:PERM no table,")
                    : Values.TryGetValue(query.Key, out var value) ? query.Found(value)
                    : query.NotFound());
                await stream.WriteAsync(reply, _stopping.Token);
                if (reply.Length == 0)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The client has gone, or the test has ended.
        }
    }
}
