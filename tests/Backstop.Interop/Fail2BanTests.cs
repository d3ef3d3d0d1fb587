namespace Backstop.Interop;

/// <summary>fail2ban reads our access log with the filter that we ship.</summary>
public sealed class Fail2BanTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Who guesses addresses is counted for each guess; a server whose bounce is refused is not, nor whoever a stranger names.
    /// </summary>
    [Fact]
    public async Task Filter_finds_who_guesses_and_nobody_else()
    {
        using var folder = new TempFolder();
        var log = folder["access.log"];
        await Tool.RunAsync(Server.Launcher, ["batv", "new-key", "--data", folder["data"]], Until.Bound);
        using var server = await Server.StartAsync(
            folder.Path, listen: "proxy_from = [\"127.0.0.0/8\"]\n[log]\naccess = \"" + log + "\"");
        for (var i = 0; i < 3; i++)
        {
            await SayAsync(server, "192.0.2.7", "<ann@client.example>", $"<guess{i}@bench.test>", "550");
        }

        await SayAsync(server, "2001:db8::7", "<ann@client.example>", "<guess@bench.test>", "550");
        await SayAsync(server, "192.0.2.8", "<>", "<prvs=0123456789=user@bench.test>", "5");
        await SayAsync(
            server, "192.0.2.9", "<\"refused client=192.0.2.66 stage=rcpt code=550 reason=recipient:unknown\"@client.example>",
            "<user@bench.test>", "250");
        await server.StopAsync();
        Assert.Contains("client=192.0.2.8", await File.ReadAllTextAsync(log, Ct), StringComparison.Ordinal);

        Assert.Equal(["192.0.2.7", "192.0.2.7", "192.0.2.7", "2001:db8::7"], await FoundAsync(folder, log, "normal"));
        Assert.Equal(["192.0.2.7", "192.0.2.7", "192.0.2.7", "2001:db8::7"], await FoundAsync(folder, log, "aggressive"));
    }

    private static async Task SayAsync(Server server, string client, string from, string to, string reply)
    {
        var family = client.Contains(':', StringComparison.Ordinal) ? "TCP6" : "TCP4";
        using var dialog = await Dialog.ConnectAsync(server.SmtpPort, $"PROXY {family} {client} {client} 4711 25\r\n");
        await dialog.SayAsync("HELO client.example", "250");
        await dialog.SayAsync($"MAIL FROM:{from}", "250");
        await dialog.SayAsync($"RCPT TO:{to}", reply);
        await dialog.SayAsync("QUIT", "221");
    }

    private static async Task<string[]> FoundAsync(TempFolder folder, string log, string mode)
    {
        var program = Needs.Peer("usr/bin/fail2ban-regex", "fail2ban");
        var etc = Path.Combine(Needs.PeerFolder, "etc", "fail2ban");
        var filter = folder["backstop.conf"];
        File.Copy(Path.Combine(Checkout.Root, "docs", "fail2ban", "filter.d", "backstop.conf"), filter, overwrite: true);
        File.Copy(Path.Combine(etc, "filter.d", "common.conf"), folder["common.conf"], overwrite: true);
        var output = await Tool.RunAsync(
            "/usr/bin/env",
            [
                $"PYTHONPATH={Path.Combine(Needs.PeerFolder, "usr", "lib", "python3", "dist-packages")}", "TZ=America/New_York",
                Needs.Program("python3", "python3"), program, "-c", etc, "-o", "<ip>", log, $"{filter}[mode={mode}]",
            ],
            Until.Bound);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
    }
}
