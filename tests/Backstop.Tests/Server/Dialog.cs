using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>
/// A scripted session. Lines: <c>C: </c> send with CRLF, or the protocol's own line end, <c>R: </c> send raw with \r \n \0 escapes,
/// <c>S: </c> expect a reply line with that start, <c>E:</c> expect the end of the connection, <c>#</c> comment.
/// </summary>
internal sealed class Dialog(IPEndPoint server) : IDisposable
{
    private readonly TcpClient _client = new();
    private StreamReader? _reader;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task RunAsync(IPEndPoint server, string script, string lineEnd = "\r\n")
    {
        using var dialog = new Dialog(server);
        await dialog.PlayAsync(script, lineEnd);
    }

    public async Task PlayAsync(string script, string lineEnd = "\r\n")
    {
        await ConnectAsync();
        var number = 0;
        foreach (var line in script.ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            var text = line.TrimStart();
            switch (text.Length < 2 ? text : text[..2])
            {
                case "C:":
                    await SendAsync(Rest(text) + lineEnd);
                    break;
                case "R:":
                    await SendAsync(
                        Rest(text).Replace(
                            "\\r", "\r", StringComparison.Ordinal).Replace(
                                "\\n", "\n", StringComparison.Ordinal).Replace("\\0", "\0", StringComparison.Ordinal));
                    break;
                case "S:":
                    var reply = await ReadLineAsync();
                    Assert.True(
                        reply?.StartsWith(Rest(text), StringComparison.Ordinal) == true,
                        $"line {number}: wanted \"{Rest(text)}\", got \"{reply}\"");
                    break;
                case "E:":
                    Assert.True(await ReadLineAsync() is null, $"line {number}: the connection should have ended");
                    break;
                default:
                    Assert.True(text.Length == 0 || text[0] == '#', $"line {number}: not understood: {text}");
                    break;
            }
        }
    }

    public async Task ConnectAsync()
    {
        if (_reader is null)
        {
            await _client.ConnectAsync(server, Ct);
            _reader = new(_client.GetStream(), Encoding.UTF8);
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> octets) => await _client.GetStream().WriteAsync(octets, Ct);

    /// <summary>Says a line and hears its reply: the last line of it.</summary>
    public async Task<string> AskAsync(string command)
    {
        await SendAsync(command + "\r\n");
        return await HearAsync();
    }

    /// <summary>The last line of a reply; empty where the connection ended.</summary>
    public async Task<string> HearAsync()
    {
        string? line;
        do
        {
            line = await ReadLineAsync();
        }
        while (line?.Length > 3 && line[3] == '-');

        return line ?? "";
    }

    public async Task<string?> ReadLineAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            return await _reader!.ReadLineAsync(limit.Token);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _client.Dispose();
    }

    private static string Rest(string text) => text.Length > 3 ? text[3..] : "";
}
