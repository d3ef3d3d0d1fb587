using System.Net;
using System.Net.Sockets;

namespace Backstop.Interop;

/// <summary>The server as people run it: <c>./backstop serve</c>, in a process of its own, with its data in a folder of its own.</summary>
internal sealed class Server : IDisposable
{
    private static int _port = Random.Shared.Next(12_000);

    private readonly string _config;
    private readonly int? _descriptors;
    private Tool? _tool;

    private Server(string folder, int smtp, int lmtp, int web, string config, int? descriptors)
    {
        _descriptors = descriptors;
        Folder = folder;
        SmtpPort = smtp;
        LmtpPort = lmtp;
        WebPort = web;
        _config = config;
    }

    public string Folder { get; }

    public int SmtpPort { get; }

    public int LmtpPort { get; }

    public int WebPort { get; }

    public int ProcessId => _tool!.Id;

    public string Log => _tool!.Output;

    public string Data => Path.Combine(Folder, "data");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The program under test: the checkout's launcher, or what BACKSTOP_PROGRAM names, such as the native file.</summary>
    public static string Launcher { get; } =
        Path.GetFullPath(Environment.GetEnvironmentVariable("BACKSTOP_PROGRAM") ?? "backstop", Checkout.Root);

    /// <summary>
    /// Starts it for bench.test with the mailboxes victim, legit and user; <paramref name="more"/> is further configuration,
    /// <paramref name="descriptors"/> how many files it may open, <paramref name="listen"/> further listeners, <paramref name="domains"/>
    /// further domains.
    /// </summary>
    public static async Task<Server> StartAsync(
        string folder, string more = "", string mailboxes = "", int? descriptors = null, string listen = "", string domains = "")
    {
        var (smtp, lmtp, web) = (FreePort(), FreePort(), FreePort());
        var config = Path.Combine(folder, "backstop.toml");
        await File.WriteAllTextAsync(
            config,
            $"""
            hostname = "mx.bench.test"
            domains = ["bench.test", {domains}]
            data = "{folder}/data"
            {more}
            [listen]
            smtp = "127.0.0.1:{smtp}"
            lmtp = "127.0.0.1:{lmtp}"
            web = "127.0.0.1:{web}"
            {listen}
            [dnsbl]
            zones = []
            [mailboxes]
            "victim@bench.test" = {"{}"}
            "legit@bench.test" = {"{}"}
            "user@bench.test" = {"{}"}
            {mailboxes}
            """,
            Ct);
        var server = new Server(folder, smtp, lmtp, web, config, descriptors);
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        _tool = _descriptors is { } most
            ? Tool.Start(
            Needs.Program("prlimit", "util-linux"),
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"--nofile={most}:{most}"), Launcher, "serve", "--config",
            _config)
            : Tool.Start(Launcher, "serve", "--config", _config);
        await _tool.WaitForLineAsync("ready", TimeSpan.FromMinutes(3));
    }

    public Task KillAsync() => _tool!.KillAsync();

    public Task StopAsync() => _tool!.StopAsync();

    public string Maildir(string name) => Path.Combine(Data, "mail", name + "@bench.test", "Maildir");

    public async Task<string> StatusAsync()
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://127.0.0.1:{WebPort}/status"), Ct);
    }

    /// <summary>Waits until so many messages were accepted since it started, as its log has it.</summary>
    public Task AcceptsAsync(int count) => Until.SoAsync(
        () => Log.Split(" accepted client=").Length > count, () => $"fewer than {count} accepted:\n{Log}");

    public Task DeliveredAsync() => Until.SoAsync(
        async () => (await StatusAsync()).Contains(
            "\"waiting\": 0,", StringComparison.Ordinal), async () => $"not delivered: {await StatusAsync()}");

    public void Dispose() => _tool?.Dispose();

    /// <summary>
    /// A port nobody listens on, each only once, and below those that the kernel gives to outgoing connections (32768 and up):
    /// while a server is down, a client that tries its port over and over would at last be given that very port, connect to itself,
    /// and keep the server from starting.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = 20_000 + (Interlocked.Increment(ref _port) % 12_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }
    }
}
