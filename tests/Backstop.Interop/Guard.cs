using System.Globalization;
using System.Text.Json;

namespace Backstop.Interop;

/// <summary>Backstop as a guard beside another server of bench.test: milter, policy service, tables; no mailboxes of its own.</summary>
internal sealed class Guard : IDisposable
{
    private readonly TempFolder _folder = new();
    private Tool? _tool;

    public string Data => _folder["data"];

    public int Milter { get; } = Server.FreePort();

    public int Policy { get; } = Server.FreePort();

    public int Table { get; private set; } = Server.FreePort();

    public int Web { get; } = Server.FreePort();

    public string Config => _folder["backstop.toml"];

    public string Log => _tool!.Output;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts it with a key for tags.</summary>
    /// <param name="top">Keys at the top of the configuration.</param>
    /// <param name="listen">Further listeners.</param>
    /// <param name="hasKey">Whether it signs.</param>
    /// <param name="table">The port of the tables; null for any.</param>
    public static async Task<Guard> StartAsync(string top = "", string listen = "", int? table = null, bool hasKey = true)
    {
        var guard = new Guard();
        guard.Table = table ?? guard.Table;
        await File.WriteAllTextAsync(
            guard.Config,
            $"""
            hostname = "mx.bench.test"
            domains = ["bench.test"]
            data = "{guard.Data}"
            {top}
            [listen]
            milter = "127.0.0.1:{guard.Milter}"
            policy = "127.0.0.1:{guard.Policy}"
            table = "127.0.0.1:{guard.Table}"
            web = "127.0.0.1:{guard.Web}"
            {listen}
            [dnsbl]
            zones = []

            """,
            Ct);
        if (hasKey)
        {
            await guard.RunAsync("batv", "new-key");
        }

        await guard.StartAsync();
        return guard;
    }

    public async Task StartAsync()
    {
        _tool?.Dispose();
        _tool = Tool.Start(Server.Launcher, "serve", "--config", Config);
        await _tool.WaitForLineAsync("ready", TimeSpan.FromMinutes(3));
    }

    /// <summary>A verb of the command line with this configuration.</summary>
    public Task<string> RunAsync(params IEnumerable<string> arguments) =>
        Tool.RunAsync(Server.Launcher, [.. arguments, "--config", Config], TimeSpan.FromMinutes(1));

    /// <summary>A storm at victim@bench.test through another server; its summary.</summary>
    public async Task<JsonElement> StormAsync(int port, int bounces, int genuine, int legit, int connections = 10)
    {
        var output = await Tool.RunAsync(
            Server.Launcher,
            [
                "storm", "--to", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--data", Data,
                "--victim", "victim@bench.test", "--connections", $"{connections}", "--bounces", $"{bounces}",
                "--legit", $"{legit}", "--genuine", $"{genuine}", "--json",
            ],
            TimeSpan.FromMinutes(5), 0, 1);
        return JsonDocument.Parse(output.Split('\n').Last(l => l.StartsWith('{'))).RootElement;
    }

    public Task KillAsync() => _tool!.KillAsync();

    public void Dispose()
    {
        _tool?.Dispose();
        _folder.Dispose();
    }
}
