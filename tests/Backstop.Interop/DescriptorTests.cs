using System.Net;
using System.Net.Sockets;

namespace Backstop.Interop;

/// <summary>
/// More clients than the server may have descriptors: it lives, delivers to those whom it has let in, tells the truth, and takes
/// everybody when they have gone.
/// </summary>
public sealed class DescriptorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(512, 1500)]
    [InlineData(1024, 5000)]
    [InlineData(20_000, 15_000)]
    public async Task Server_outlives_more_clients_than_it_has_descriptors(int descriptors, int clients)
    {
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path, descriptors: descriptors);
        using var known = await Dialog.ConnectAsync(server.SmtpPort);
        await known.SayAsync("EHLO client.example", "250");
        var crowd = new List<Socket>();
        try
        {
            for (var i = 0; i < clients; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                crowd.Add(socket);
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.SmtpPort), Ct).AsTask()
                        .WaitAsync(TimeSpan.FromSeconds(10), Ct);
                }
                catch (Exception error) when (error is SocketException or TimeoutException)
                {
                    // Turned away, or still in the kernel's queue: a crowd all the same.
                }
            }

            // Whom it has let in it serves.
            await known.SayAsync("MAIL FROM:<ann@client.example>", "250");
            await known.SayAsync("RCPT TO:<user@bench.test>", "250");
            await known.SayAsync("DATA", "354");
            await known.SayAsync("Subject: in the crowd\r\n\r\nhello\r\n.", "250");
            await Until.SoAsync(
                () => Directory.Exists(server.Maildir("user") + "/new") && Directory.GetFiles(server.Maildir("user") + "/new").Length == 1,
                () => server.Log);
        }
        finally
        {
            crowd.ForEach(s => s.Dispose());
        }

        using var http = new HttpClient();
        await Until.SoAsync(() => IsWell(http, server), () => server.Log);
        using var after = await Dialog.ConnectAsync(server.SmtpPort);
        await after.SayAsync("EHLO client.example", "250");
        Assert.DoesNotContain("Out of memory", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_few_are_refused_with_the_next_step()
    {
        using var folder = new TempFolder();
        var config = Path.Combine(folder.Path, "backstop.toml");
        await File.WriteAllTextAsync(
            config,
            $"hostname = \"mx.bench.test\"\ndomains = [\"bench.test\"]\ndata = \"{folder.Path}/data\"\nlisten.smtp = "
                + $"\"127.0.0.1:{Server.FreePort()}\"\n[mailboxes]\n\"user@bench.test\" = {{}}\n",
            Ct);
        var said = await Tool.RunAsync(
            Needs.Program("prlimit", "util-linux"), ["--nofile=200:200", Server.Launcher, "serve", "--config", config],
            TimeSpan.FromMinutes(3), 69);
        Assert.Contains("may have only 200 open files", said, StringComparison.Ordinal);
        Assert.Contains("LimitNOFILE=", said, StringComparison.Ordinal);
    }

    private static bool IsWell(HttpClient http, Server server)
    {
        try
        {
            return http.GetStringAsync(new Uri($"http://127.0.0.1:{server.WebPort}/healthz"), Ct).GetAwaiter().GetResult() == "ok\n";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
