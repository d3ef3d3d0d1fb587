using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>spamd's protocol and the filter in the way of mail, with the real server over sockets and a handful of rules.</summary>
public sealed class SpamServerTests : IDisposable
{
    private const string Rules = """
        add_header all Status _YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_
        add_header spam Flag YES
        report Spam? _SCORE_ points
        header BAD_SUBJECT Subject =~ /buy now/i
        score BAD_SUBJECT 6
        body NICE_BODY /minutes of the meeting/
        score NICE_BODY -1
        header OWN_NAME X-Spam-Status =~ /./
        score OWN_NAME 50
        """;

    private const string Spam = "From: a@example.net\r\nSubject: Buy now\r\n\r\ncheap\r\n";
    private const string Ham = "From: a@example.net\r\nSubject: hello\r\n\r\nminutes of the meeting\r\n";

    private readonly TempFolder _folder = new();

    public SpamServerTests() => File.WriteAllText(_folder["rules.cf"], Rules);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("CHECK SPAMC/1.5", Spam, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n")]
    [InlineData("CHECK SPAMC/1.5", Ham, "SPAMD/1.1 0 EX_OK\r\nSpam: False ; -1.0 / 5.0\r\n\r\n")]
    [InlineData("SYMBOLS SPAMC/1.2", Spam, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\nBAD_SUBJECT\r\n")]
    [InlineData("REPORT_IFSPAM SPAMC/1.5", Ham, "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: No ; -1.0 / 5.0\r\n\r\n")]
    [InlineData(
        "TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local", Spam,
        "SPAMD/1.0 69 Service Unavailable: TELL commands are not enabled, set spam.allow_tell = true.\r\n")]
    public async Task ARequestIsAnswered(string head, string message, string reply)
    {
        await using var server = await StartAsync();
        Assert.Equal(reply, await AskAsync(server.Spamd, $"{head}\r\nContent-length: {message.Length}\r\n\r\n{message}"));
    }

    [Fact]
    public async Task PingSkipAndWrongRequestsAreAnswered()
    {
        await using var server = await StartAsync();
        Assert.Equal("SPAMD/1.5 0 PONG\r\n", await AskAsync(server.Spamd, "PING SPAMC/1.2\r\n"));
        Assert.Equal("SPAMD/1.5 0 PONG\r\n", await AskAsync(server.Spamd, "PING SPAMC/1.5\r\n\r\n"));
        Assert.Equal("", await AskAsync(server.Spamd, "SKIP SPAMC/1.2\r\n"));
        Assert.Equal("SPAMD/1.0 76 Bad header line: FOO SPAMC/1.5\r\n", await AskAsync(server.Spamd, "FOO SPAMC/1.5\r\n\r\n"));
        Assert.Equal(
            "SPAMD/1.0 76 Bad header line: (Content-Length mismatch: Expected 10 bytes, got 18 bytes)\r\n",
            await AskAsync(server.Spamd, "CHECK SPAMC/1.5\r\nContent-length: 10\r\n\r\nSubject: Buy now\r\n\r\nx"));
        Assert.Equal(
            "SPAMD/1.0 76 Bad header line: (Content-Length mismatch: Expected 100 bytes, got 1 bytes)\r\n",
            await AskAsync(server.Spamd, "CHECK SPAMC/1.5\r\nContent-length: 100\r\n\r\nx"));
        Assert.StartsWith(
            "SPAMD/1.0 76 Bad header line: (message larger than",
            await AskAsync(server.Spamd, "CHECK SPAMC/1.5\r\nContent-length: 99999999999\r\n\r\nx"), StringComparison.Ordinal);
        Assert.Equal("SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n", await AskAsync(server.Spamd, $"CHECK SPAMC/1.5\r\n\r\n{Spam}"));
    }

    [Fact]
    public async Task AMessageMayBeCompressedButNotABomb()
    {
        await using var server = await StartAsync(o => o.Spam.MaxClientMessage = new(64 << 10));
        Assert.Equal(
            "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n", await AskCompressedAsync(server.Spamd, Encoding.ASCII.GetBytes(Spam)));
        Assert.Equal(
            "SPAMD/1.0 76 Bad header line: (message larger than 65536 bytes)\r\n",
            await AskCompressedAsync(server.Spamd, new byte[50 << 20]));
        Assert.Equal(
            "SPAMD/1.0 76 Bad header line: (message is not zlib data)\r\n",
            await AskAsync(server.Spamd, "CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 4\r\n\r\nabcd"));
    }

    [Fact]
    public async Task ProcessHandsTheMessageOnMarked()
    {
        await using var server = await StartAsync();
        var reply = await AskAsync(server.Spamd, $"PROCESS SPAMC/1.5\r\nContent-length: {Ham.Length}\r\n\r\n{Ham}");
        Assert.Contains("X-Spam-Status: No, score=-1.0 required=5.0 tests=NICE_BODY", reply, StringComparison.Ordinal);
        Assert.EndsWith("minutes of the meeting\r\n", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TellTeachesAndForgets()
    {
        await using var server = await StartAsync(o => o.Spam.AllowTell = true);
        string[] asks = [
            "Message-class: spam\r\nSet: local", "Message-class: spam\r\nSet: local", "Remove: local", "Set: local\r\nRemove: local"];
        var replies = new List<string>();
        foreach (var ask in asks)
        {
            replies.Add(await AskAsync(server.Spamd, $"TELL SPAMC/1.5\r\n{ask}\r\nContent-length: {Spam.Length}\r\n\r\n{Spam}"));
        }

        Assert.Equal(
            [
                "SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n\r\n", "SPAMD/1.1 0 EX_OK\r\n\r\n\r\n", "SPAMD/1.1 0 EX_OK\r\nDidRemove: "
                    + "local\r\n\r\n\r\n",
                "SPAMD/1.0 76 Bad header line: Unable to set local and remove local in the same operation.\r\n",
            ],
            replies);
    }

    [Fact]
    public async Task ItIsServedInTlsAndOnAUnixSocketToo()
    {
        var path = _folder["spamd.sock"];
        await using var server = await StartAsync(o => o.Listen.SpamdSocket = path);
        using var client = new TcpClient();
        await client.ConnectAsync(server.SpamdTls, Ct);
        await using var tls = new SslStream(
            client.GetStream(), false, (_, certificate, _, _) => certificate?.Subject == "CN=mx.example.org");
        await tls.AuthenticateAsClientAsync("mx.example.org");
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"CHECK SPAMC/1.5\r\nContent-length: {Spam.Length}\r\n\r\n{Spam}"), Ct);
        Assert.Equal("SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n", await new StreamReader(tls).ReadToEndAsync(Ct));

        Assert.Equal(
            "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n",
            await AskAsync(new UnixDomainSocketEndPoint(path), $"CHECK SPAMC/1.5\r\n\r\n{Spam}"));
        Assert.Equal((UnixFileMode)0b110_110_000, File.GetUnixFileMode(path) & (UnixFileMode)0b111_111_111);
    }

    [Fact]
    public async Task ASocketThatAKilledServerLeftIsTakenOver()
    {
        var path = _folder["spamd.sock"];
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept");
        }

        File.Move(path + ".kept", path);
        await using var server = await StartAsync(o => o.Listen.SpamdSocket = path);
        Assert.Equal("SPAMD/1.5 0 PONG\r\n", await AskAsync(new UnixDomainSocketEndPoint(path), "PING SPAMC/1.2\r\n"));
    }

    [Fact]
    public async Task OnlyTheClientsNamedAreServed()
    {
        await using var server = await StartAsync(o => o.Spam.Clients = [IPNetwork.Parse("192.0.2.0/24")]);
        Assert.Equal("", await AskAsync(server.Spamd, ""));
    }

    [Fact]
    public async Task SpamGoesToItsFolderWithItsReasons()
    {
        await using var server = await StartAsync(o => o.Spam.Enabled = true);
        await ReadyAsync(server);
        await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", "X-Spam-Status: No, score=-99\n" + Spam);
        await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", Ham);
        var spam = Assert.Single(await server.MessagesAsync("Junk"));
        Assert.Contains("\nX-Spam-Status: Yes, score=6.0 required=5.0 tests=BAD_SUBJECT\n", spam, StringComparison.Ordinal);
        Assert.Contains("\nX-Spam-Flag: YES\n", spam, StringComparison.Ordinal);
        Assert.Contains("X-Backstop: file; reason=spam:score", spam, StringComparison.Ordinal);
        Assert.Contains("\nY-Spam-Status: No, score=-99\n", spam, StringComparison.Ordinal);
        Assert.Contains("\nX-Spam-Status: No, score=-1.0", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARoleGetsEvenSpamAndLargeMailIsNotScored()
    {
        await using var server = await StartAsync(o => (o.Spam.Enabled, o.Spam.MaxSize) = (true, new(1024)));
        await ReadyAsync(server);
        await ServerMail.SendAsync(server, "<a@example.net>", "abuse@example.org", Spam);
        await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", Spam + new string('x', 2000));
        var inbox = await server.MessagesAsync();
        Assert.Equal(2, inbox.Length);
        Assert.Single(inbox, m => m.Contains("X-Spam-Flag: YES", StringComparison.Ordinal));
        Assert.Empty(await server.MessagesAsync("Junk"));
    }

    [Fact]
    public async Task RulesThatChangeAreReadAgain()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await StartAsync(time: time);
        var ask = $"SYMBOLS SPAMC/1.2\r\n\r\n{Ham}";
        Assert.Contains("NICE_BODY", await AskAsync(server.Spamd, ask), StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["rules.cf"], "body RENAMED /minutes/\nscore RENAMED 1\n", Ct);
        File.SetLastWriteTimeUtc(_folder["rules.cf"], DateTime.UtcNow.AddMinutes(1));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains("RENAMED", await AskAsync(server.Spamd, ask), StringComparison.Ordinal);
    }

    private Task<TestServer> StartAsync(Action<BackstopOptions>? configure = null, TimeProvider? time = null) => TestServer.StartAsync(
        o =>
        {
            o.Spam.Rules = [_folder["rules.cf"]];
            o.Listen.Spamd = [new(IPAddress.Loopback, 0)];
            o.Listen.SpamdTls = [new(IPAddress.Loopback, 0)];
            configure?.Invoke(o);
        },
        time);

    // The rules are read behind the start; a client of spamd waits for them, mail does not.
    private static Task<string> ReadyAsync(TestServer server) => AskAsync(server.Spamd, $"CHECK SPAMC/1.5\r\n\r\n{Ham}");

    private static Task<string> AskAsync(EndPoint server, string request) => AskAsync(server, Encoding.Latin1.GetBytes(request));

    private static async Task<string> AskAsync(EndPoint server, byte[] request)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(server, Ct);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(request, Ct);
        socket.Shutdown(SocketShutdown.Send);
        return await new StreamReader(stream, Encoding.Latin1).ReadToEndAsync(Ct);
    }

    private static async Task<string> AskCompressedAsync(EndPoint server, byte[] message)
    {
        using var packed = new MemoryStream();
        await using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            await zlib.WriteAsync(message, Ct);
        }

        return await AskAsync(
            server,
            [.. Encoding.ASCII.GetBytes(
                $"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: {packed.Length}\r\n\r\n"), .. packed.ToArray()]);
    }
}
