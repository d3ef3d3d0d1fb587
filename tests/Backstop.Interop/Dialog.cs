using System.Net.Sockets;

namespace Backstop.Interop;

/// <summary>A session with a server, line by line.</summary>
internal sealed class Dialog : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    private readonly TcpClient _client = new();
    private StreamReader _reader = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static Task<Dialog> ConnectAsync(int port) => ConnectAsync(port, "");

    /// <summary>Connects, says something before the greeting (a PROXY header), and hears it.</summary>
    public static async Task<Dialog> ConnectAsync(int port, string opening)
    {
        var dialog = new Dialog();
        await dialog._client.ConnectAsync("127.0.0.1", port, Ct);
        dialog._reader = new(dialog._client.GetStream());
        await dialog._client.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(opening), Ct);
        await dialog.HearAsync("220");
        return dialog;
    }

    /// <summary>Sends a line, or several, and hears a reply that begins so.</summary>
    public async Task<string> SayAsync(string text, string expected)
    {
        await _client.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(text + "\r\n"), Ct);
        return await HearAsync(expected);
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _client.Dispose();
    }

    /// <summary>A reply of one line or more; the last line.</summary>
    public async Task<string> HearAsync(string expected)
    {
        string line;
        do
        {
            line = await _reader.ReadLineAsync(Ct).AsTask().WaitAsync(_limit, Ct) ?? "";
        }
        while (line.Length > 3 && line[3] == '-');

        Assert.StartsWith(expected, line, StringComparison.Ordinal);
        return line;
    }
}
