using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>A server behind a proxy of ours: takes everybody and everything, and shows what it was given.</summary>
internal sealed class NextServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;
    private readonly bool _isLmtp;
    private volatile byte[] _last = [];

    public NextServer(bool isLmtp)
    {
        _isLmtp = isLmtp;
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>The last message, with CRLF line ends.</summary>
    public byte[] Last => _last;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
            {
                clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        await SayAsync("220 next");
        var recipients = 0;
        try
        {
            while (await reader.ReadLineAsync(_stopping.Token) is { } line)
            {
                switch (line.Split(' ')[0])
                {
                    case "MAIL":
                        recipients = 0;
                        break;
                    case "RCPT":
                        recipients++;
                        break;
                    case "DATA":
                        await SayAsync("354 go on");
                        _last = await ReadMessageAsync(reader);
                        for (var i = 1; i < recipients && _isLmtp; i++)
                        {
                            await SayAsync("250 2.0.0 kept");
                        }

                        break;
                    default:
                        break;
                }

                await SayAsync("250 2.0.0 ok");
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // One of both goes down with the connection open.
        }

        async Task SayAsync(string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text + "\r\n"));
    }

    private async Task<byte[]> ReadMessageAsync(StreamReader reader)
    {
        var message = new StringBuilder();
        while (await reader.ReadLineAsync(_stopping.Token) is { } line && line != ".")
        {
            message.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(message.ToString());
    }
}
