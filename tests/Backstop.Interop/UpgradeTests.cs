using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Interop;

/// <summary>A thousand connections open through a reload and through an upgrade: none is dropped, no mail is lost or doubled.</summary>
public sealed class UpgradeTests : IDisposable
{
    private const int Connections = 1000;

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Thousand_connections_stay_through_a_reload()
    {
        var (smtp, web) = (Server.FreePort(), Server.FreePort());
        var config = Config(smtp, web, "");
        using var manager = await ServiceStandIn.HoldAsync(_folder.Path, config, smtp, web);
        var process = await manager.StartAsync();
        var clients = await OpenAsync(smtp, Connections);
        try
        {
            // systemctl reload, twice: with a new mailbox, and with a file that is wrong.
            Config(smtp, web, "\"new@bench.test\" = {}\n");
            await ServiceStandIn.SignalAsync(process, "HUP");
            await Until.SoAsync(() => manager.Heard("READY=1") > 1, () => manager.Output);
            Assert.Equal((1, 1), (manager.Heard("RELOADING=1"), manager.Heard("MONOTONIC_USEC")));

            // Lines of the log gather for a moment.
            await Until.SoAsync(
                () => manager.Output.Contains("1 keys changed: mailboxes.new@bench.test", StringComparison.Ordinal), () => manager.Output);
            var said = await Tool.RunAsync(Server.Launcher, ["reload", "--config", config], Until.Bound);
            Assert.Contains("taken up: no key has changed", said, StringComparison.Ordinal);
            await File.AppendAllTextAsync(config, "\"else@where.test\" = {}\n", Ct);
            var wrong = await Tool.RunAsync(Server.Launcher, ["reload", "--config", config], Until.Bound, 78);
            Assert.Contains($"{config}:16:1: mailboxes.else@where.test: ", wrong, StringComparison.Ordinal);
            var json = await Tool.RunAsync(Server.Launcher, ["reload", "--config", config, "--json"], Until.Bound, 78);
            Assert.StartsWith("{\"isTaken\":false,", json, StringComparison.Ordinal);

            await Task.WhenAll(clients.Select((c, i) => SendAsync(c, i, "user@bench.test")));
            await Task.WhenAll((await OpenAsync(smtp, 1)).Select(async c =>
            {
                using (c)
                {
                    await SendAsync(c, Connections, "new@bench.test");
                }
            }));
            await DeliveredAsync(web);
            Assert.Equal(Enumerable.Range(0, Connections), Delivered("user"));
            Assert.Equal([Connections], Delivered("new"));
            await Until.SoAsync(() => manager.Heard("WATCHDOG=1") > 1, () => "the watchdog hears nothing");
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }

        await ServiceStandIn.SignalAsync(process, "TERM");
        await manager.EndedAsync(process);
        Assert.Equal(1, manager.Heard("STOPPING=1"));
    }

    [Fact]
    public async Task Thousand_connections_stay_through_an_upgrade()
    {
        var (smtp, web) = (Server.FreePort(), Server.FreePort());
        var config = Config(smtp, web, "");
        using var manager = await ServiceStandIn.HoldAsync(_folder.Path, config, smtp, web);
        var old = await manager.StartAsync();
        var clients = await OpenAsync(smtp, Connections);
        try
        {
            await ServiceStandIn.SignalAsync(old, "TERM");
            await Until.SoAsync(() => manager.Heard("STOPPING=1") == 1, () => manager.Output);

            // Those that come now wait for the next server, and are greeted by it.
            var late = Task.Run(async () =>
            {
                using var client = (await OpenAsync(smtp, 1))[0];
                await SendAsync(client, Connections, "user@bench.test");
            }, Ct);
            var waiting = await ConnectAsync(smtp, 200);

            // The open ones hand over their mail to the old one, which has been told to end.
            await Task.WhenAll(clients.Select((c, i) => SendAsync(c, i, "user@bench.test")));
            await manager.EndedAsync(old);
            await manager.StartAsync();
            await late;
            await Task.WhenAll(waiting.Select(async (c, i) =>
            {
                using (c)
                {
                    await GreetAsync(c);
                    await SendAsync(c, Connections + 1 + i, "user@bench.test");
                }
            }));
            await DeliveredAsync(web);
            Assert.Equal(Enumerable.Range(0, Connections + 201), Delivered("user"));
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }

        Assert.DoesNotContain("cannot be accepted", manager.Output, StringComparison.Ordinal);
    }

    private string Config(int smtp, int web, string more)
    {
        var file = _folder["backstop.toml"];
        File.WriteAllText(
            file,
            $$"""
            hostname = "mx.bench.test"
            domains = ["bench.test"]
            data = "{{_folder["data"]}}"
            [smtp]
            stop_timeout = "60s"
            [listen]
            smtp = "127.0.0.1:{{smtp}}"
            web = "127.0.0.1:{{web}}"
            [dnsbl]
            zones = []
            [spool]
            min_free = 0
            [mailboxes]
            "user@bench.test" = {}
            {{more}}
            """);
        return file;
    }

    private static async Task<List<Client>> ConnectAsync(int port, int count)
    {
        var clients = new List<Client>();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Ct);
            clients.Add(new(socket));
        }

        return clients;
    }

    private static async Task<List<Client>> OpenAsync(int port, int count)
    {
        var clients = await ConnectAsync(port, count);
        await Task.WhenAll(clients.Select(GreetAsync));
        return clients;
    }

    private static async Task GreetAsync(Client client)
    {
        Assert.StartsWith("220 ", await client.HearAsync(), StringComparison.Ordinal);
        await client.AskAsync("EHLO client.example", "250");
    }

    private static async Task SendAsync(Client client, int number, string to)
    {
        await client.AskAsync("MAIL FROM:<a@example.net>", "250");
        await client.AskAsync($"RCPT TO:<{to}>", "250");
        await client.AskAsync("DATA", "354");
        await client.AskAsync($"Subject: number {number}\r\n\r\ntext\r\n.", "250");
    }

    private static async Task DeliveredAsync(int web)
    {
        using var http = new HttpClient();
        await Until.SoAsync(
            async () => (await http.GetStringAsync(new Uri($"http://127.0.0.1:{web}/status"), Ct)).Contains(
                "\"waiting\": 0,", StringComparison.Ordinal), () => Task.FromResult("not delivered"));
    }

    private IEnumerable<int> Delivered(string name) =>
        Directory.GetFiles(Path.Combine(_folder["data"], "mail", name + "@bench.test", "Maildir", "new"))
            .Select(f => File.ReadLines(f).First(l => l.StartsWith("Subject: number ", StringComparison.Ordinal)))
            .Select(l => int.Parse(l["Subject: number ".Length..], System.Globalization.CultureInfo.InvariantCulture)).Order();

    private sealed class Client(Socket socket) : IDisposable
    {
        private readonly StreamReader _reader = new(new NetworkStream(socket), Encoding.ASCII);

        public async Task<string> HearAsync()
        {
            string? line;
            do
            {
                line = await _reader.ReadLineAsync(Ct);
            }
            while (line is { Length: > 3 } && line[3] == '-');
            return line ?? "the connection was dropped";
        }

        public async Task AskAsync(string text, string code)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(text + "\r\n"), Ct);
            Assert.StartsWith(code, await HearAsync(), StringComparison.Ordinal);
        }

        public void Dispose()
        {
            _reader.Dispose();
            socket.Dispose();
        }
    }
}
