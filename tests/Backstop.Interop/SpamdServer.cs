namespace Backstop.Interop;

/// <summary><c>./backstop serve</c> for clients of spamd alone, with the installed SpamAssassin's rules.</summary>
internal sealed class SpamdServer : IDisposable
{
    private readonly Tool _tool;

    private SpamdServer(Tool tool, int port, int tlsPort, string socket, string data) =>
        (_tool, Port, TlsPort, Socket, Data) = (tool, port, tlsPort, socket, data);

    public int Port { get; }

    public int TlsPort { get; }

    public string Socket { get; }

    public string Data { get; }

    /// <summary>Starts the server and waits for its rules.</summary>
    /// <param name="folder">Holds configuration, data and socket.</param>
    /// <param name="more">Further lines of the section spam.</param>
    public static async Task<SpamdServer> StartAsync(string folder, string more = "")
    {
        Needs.Program("spamassassin", "spamassassin");
        var (port, tls, socket, config) = (
            Server.FreePort(), Server.FreePort(), Path.Combine(folder, "spamd.sock"), Path.Combine(folder, "spamd.toml"));
        await File.WriteAllTextAsync(
            config,
            $"""
            hostname = "mx.bench.test"
            data = "{folder}/data"
            [listen]
            spamd = "127.0.0.1:{port}"
            spamd_tls = "127.0.0.1:{tls}"
            spamd_socket = "{socket}"
            [spam]
            allow_tell = true
            {more}
            """,
            TestContext.Current.CancellationToken);
        var server = new SpamdServer(
            Tool.Start(Server.Launcher, "serve", "--config", config), port, tls, socket, Path.Combine(folder, "data"));
        await server._tool.WaitForAsync("spam rules ready", TimeSpan.FromMinutes(3));
        return server;
    }

    public TimeSpan Cpu => _tool.Cpu;

    public Task StopAsync() => _tool.StopAsync();

    public void Dispose() => _tool.Dispose();
}
