using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>The milter server against OpenDKIM's test tool, many servers at once, and its own death.</summary>
public sealed class MilterTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Miltertest_sees_all_corners()
    {
        var program = Needs.Peer("usr/bin/miltertest", "miltertest");
        using var guard = await Guard.StartAsync("backscatter.unproved = \"refuse\"");
        var tag = (await guard.RunAsync("batv", "sign", "user@bench.test")).Trim();
        var output = await Tool.RunWithAsync(
            new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = Path.Combine(Needs.PeerFolder, "usr/lib/x86_64-linux-gnu") },
            null, program,
            [
                "-D", string.Create(CultureInfo.InvariantCulture, $"port={guard.Milter}"), "-D", "tag=" + tag,
                "-D", "forged=prvs=0123456789=user@bench.test", "-s", Path.Combine(Checkout.Root, "tests", "guard", "milter.lua"),
            ],
            TimeSpan.FromMinutes(1));
        Assert.Contains("all corners seen", output, StringComparison.Ordinal);
    }

    /// <summary>As many servers as a big Postfix has processes: all are answered, and the longest waits of none are others'.</summary>
    [Fact]
    public async Task A_thousand_connections_are_served_at_once()
    {
        using var guard = await Guard.StartAsync("backscatter.unproved = \"refuse\"");
        var clients = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => MilterClient.ConnectAsync(guard.Milter)));
        using var http = new HttpClient();
        Assert.Matches(
            "(?m)^backstop_guard_connections\\S* 1000$",
            await http.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{guard.Web}/metrics")), Ct));

        for (var round = 0; round < 5; round++)
        {
            var replies = await Task.WhenAll(
                clients.Select((c, i) =>
                    i % 2 == 0 ? c.SendAsync("<>", "prvs=0123456789=user@bench.test") : c.SendAsync(
                        "<ann@client.example>", "user@bench.test")));
            Assert.All(replies.Where((_, i) => i % 2 == 0), r => Assert.StartsWith("y550 5.7.1", r, StringComparison.Ordinal));
            Assert.All(replies.Where((_, i) => i % 2 == 1), r => Assert.EndsWith("c", r, StringComparison.Ordinal));
        }

        Array.ForEach(clients, c => c.Dispose());
    }

    /// <summary>Killed while a message is under way: Postfix defers it, and it comes later, once.</summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Killed_in_mid_message_the_mail_comes_later_and_once(int release)
    {
        using var guard = await Guard.StartAsync();
        using var postfix = await Postfix.StartAsync(
            Path.Combine(guard.Data, "mail"), string.Create(
                CultureInfo.InvariantCulture, $"smtpd_milters = inet:127.0.0.1:{guard.Milter}\nmilter_default_action = tempfail\n"),
            release: release);
        using var client = await Dialog.ConnectAsync(postfix.Port);
        await client.SayAsync("EHLO client.example", "250");
        await client.SayAsync("MAIL FROM:<ann@client.example>", "250");
        await client.SayAsync("RCPT TO:<user@bench.test>", "250");
        await client.SayAsync("DATA", "354");
        await guard.KillAsync();
        await client.SayAsync("Subject: once\r\n\r\nhello\r\n.", "4");
        await guard.StartAsync();

        // A session that lost its filter stays without, and defers; the client comes back in a new one.
        await client.SayAsync("MAIL FROM:<ann@client.example>", "250");
        await client.SayAsync("RCPT TO:<user@bench.test>", "451");
        using var again = await Dialog.ConnectAsync(postfix.Port);
        await again.SayAsync("EHLO client.example", "250");
        await again.SayAsync("MAIL FROM:<ann@client.example>", "250");
        await again.SayAsync("RCPT TO:<user@bench.test>", "250");
        await again.SayAsync("DATA", "354");
        await again.SayAsync("Subject: once\r\n\r\nhello\r\n.", "250");
        await postfix.EmptyAsync();
        var mail = Assert.Single(MessageFiles.Read(Path.Combine(guard.Data, "mail", "user@bench.test", "Maildir")));
        Assert.Contains("X-Backstop: deliver; reason=mail", Encoding.Latin1.GetString(mail.Bytes.Span), StringComparison.Ordinal);
    }

    /// <summary>A server's side of the protocol, as much of it as many at once need.</summary>
    private sealed class MilterClient : IDisposable
    {
        private readonly TcpClient _client = new();

        public static async Task<MilterClient> ConnectAsync(int port)
        {
            var client = new MilterClient();
            await client._client.ConnectAsync("127.0.0.1", port, Ct);
            await client.WriteAsync('O', [0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff]);
            Assert.Equal('O', (await client.ReadAsync())[0]);
            await client.WriteAsync('C', "client.example\04\0\0192.0.2.7\0"u8.ToArray());
            await client.WriteAsync('H', "client.example\0"u8.ToArray());
            return client;
        }

        /// <summary>One message; the last answer.</summary>
        public async Task<string> SendAsync(string from, string to)
        {
            await WriteAsync('M', Encoding.ASCII.GetBytes(from + "\0"));
            await WriteAsync('R', Encoding.ASCII.GetBytes($"<{to}>\0"));
            var reply = await ReadAsync();
            if (reply != "c")
            {
                await WriteAsync('A', []);
                return reply;
            }

            await WriteAsync('L', "Subject\0 hello\0"u8.ToArray());
            await WriteAsync('N', []);
            await WriteAsync('B', "hello\r\n"u8.ToArray());
            await WriteAsync('E', []);
            while ((reply = await ReadAsync())[0] is 'i' or 'm' or 'p')
            {
                // Changes come before the answer.
            }

            return reply;
        }

        public void Dispose() => _client.Dispose();

        private async Task WriteAsync(char code, byte[] data)
        {
            var packet = new byte[5 + data.Length];
            BinaryPrimitives.WriteInt32BigEndian(packet, 1 + data.Length);
            packet[4] = (byte)code;
            data.CopyTo(packet, 5);
            await _client.GetStream().WriteAsync(packet, Ct);
        }

        private async Task<string> ReadAsync()
        {
            var head = new byte[4];
            await _client.GetStream().ReadExactlyAsync(head, Ct);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
            await _client.GetStream().ReadExactlyAsync(body, Ct);
            return Encoding.UTF8.GetString(body);
        }
    }
}
