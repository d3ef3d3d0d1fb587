using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What a client may not do for ever, through the whole server: be silent, guess, come too often.</summary>
public sealed class ServerLimitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silent_client_gets_421_and_is_closed()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await TestServer.StartAsync(time: time);
        using var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync("S: 220\nC: HELO c\nS: 250");
        var told = dialog.ReadLineAsync();
        for (var tries = 0; !told.IsCompleted && tries < 200; tries++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(10, Ct);
        }

        Assert.StartsWith("421 4.4.2", await told, StringComparison.Ordinal);
        Assert.Null(await dialog.ReadLineAsync());
    }

    [Fact]
    public async Task Dripping_message_has_an_end()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await TestServer.StartAsync(o => o.Smtp.MinDataRate = default, time);
        using var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync(
            "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354");
        var told = dialog.ReadLineAsync();
        for (var tries = 0; !told.IsCompleted && tries < 300; tries++)
        {
            await dialog.SendAsync("x\r\n");
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(10, Ct);
        }

        Assert.StartsWith("421 4.4.2", await told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_over_the_limit_is_answered_421()
    {
        await using var server = await TestServer.StartAsync(o => o.Smtp.MaxConnections = 1);
        using var first = new Dialog(server.Smtp);
        await first.PlayAsync("S: 220");
        await Dialog.RunAsync(server.Smtp, "S: 421 4.7.0\nE:");
        await first.PlayAsync("C: NOOP\nS: 250");
    }

    [Fact]
    public async Task Guessing_recipients_ends_the_session()
    {
        await using var server = await TestServer.StartAsync(o => o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")]);
        await Dialog.RunAsync(server.Smtp, $"{Proxied("203.0.113.9")}{Guesses(20)}C: RCPT TO:<guess@example.org>\nS: 421 4.7.0\nE:");
    }

    /// <summary>What a backup MX or a relay asks for is what others wrote: it would never get rid of the good recipients' mail.</summary>
    [Theory]
    [InlineData("127.0.0.8")]
    [InlineData("192.0.2.10")]
    [InlineData("192.0.2.20")]
    public async Task Servers_of_our_own_guess_nothing(string client)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Guard.Servers = [.. o.Guard.Servers, IPNetwork.Parse("192.0.2.10/32")];
            o.Outbound.Networks = [IPNetwork.Parse("192.0.2.20/32")];
            o.Smtp.MaxUnknownRecipientsNetwork = 5;
        });
        await Dialog.RunAsync(server.Smtp, $"{Proxied(client)}{Guesses(30)}C: RCPT TO:<me@example.org>\nS: 250");
        await Dialog.RunAsync(server.Smtp, Proxied(client));
    }

    [Fact]
    public async Task Log_has_twenty_guesses_of_a_session_one_by_one_and_then_their_number()
    {
        var log = new LogLines();
        await using (var server = await TestServer.StartAsync(logging: l => l.SetMinimumLevel(LogLevel.Information).AddProvider(log)))
        {
            await Dialog.RunAsync(
                server.Smtp, $"S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\n{Guesses(90)}C: QUIT\nS: 221\nE:");
        }

        var lines = log.All.Where(l => l.Contains("reason=recipient:unknown", StringComparison.Ordinal)).ToList();
        Assert.Equal(21, lines.Count);
        Assert.Contains("count=90 ", lines[^1], StringComparison.Ordinal);
    }

    /// <summary>Nineteen guesses a session, from another address of the network each time.</summary>
    [Fact]
    public async Task Guessing_recipients_from_a_network_turns_it_away_for_a_while()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 26, 6, 0, 0, TimeSpan.Zero));
        await using var server = await TestServer.StartAsync(
            o =>
            {
                o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
                o.Smtp.MaxUnknownRecipientsNetwork = 38;
            },
            time);
        await Dialog.RunAsync(server.Smtp, Proxied("203.0.113.1") + Guesses(19));
        await Dialog.RunAsync(server.Smtp, Proxied("203.0.113.2") + Guesses(19));
        using var open = new Dialog(server.Smtp);
        await open.PlayAsync(
            Proxied("203.0.113.3") + "C: RCPT TO:<me@example.org>\nS: 250\nC: RCPT TO:<guess@example.org>\nS: 421 4.7.0\nE:");
        await Dialog.RunAsync(server.Smtp, "R: PROXY TCP4 203.0.113.4 192.0.2.1 4711 25\\r\\n\nS: 421 4.7.0 Too many errors\nE:");
        await Dialog.RunAsync(server.Smtp, Proxied("203.0.114.1") + Guesses(1));
        time.Advance(TimeSpan.FromMinutes(10));
        await Dialog.RunAsync(server.Smtp, Proxied("203.0.113.5") + Guesses(1));
    }

    [Fact]
    public async Task Commands_that_do_nothing_end_the_session()
    {
        await using var server = await TestServer.StartAsync();
        string[] commands = ["NOOP", "RSET", "VRFY x", "HELO c"];
        var idle = string.Concat(Enumerable.Range(1, 119).Select(i => $"C: {commands[i % 4]}\nS: 25\n"));
        await Dialog.RunAsync(server.Smtp, $"S: 220\nC: HELO c\nS: 250\n{idle}C: NOOP\nS: 421 4.7.0 Too many errors\nE:");
    }

    [Fact]
    public async Task Clients_have_their_own_limit_of_connections()
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Smtp.MaxConnectionsPerClient = 1;
        });
        using var first = new Dialog(server.Smtp);
        await first.PlayAsync("R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\\r\\n\nS: 220");
        await Dialog.RunAsync(server.Smtp, "R: PROXY TCP4 203.0.113.9 192.0.2.1 4712 25\\r\\n\nS: 421 4.7.0\nE:");
        await Dialog.RunAsync(server.Smtp, "R: PROXY TCP4 203.0.113.10 192.0.2.1 4713 25\\r\\n\nS: 220");
    }

    [Fact]
    public async Task Full_disk_is_answered_452_before_it_is_full()
    {
        await using var server = await TestServer.StartAsync(o => o.Spool.MinFree = new(long.MaxValue));
        await Dialog.RunAsync(server.Smtp, "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 452 4.3.1");
    }

    private static string Proxied(string client) =>
        $"R: PROXY TCP4 {client} 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\n";

    private static string Guesses(int count) =>
        string.Concat(Enumerable.Range(1, count).Select(i => $"C: RCPT TO:<guess{i}@example.org>\nS: 550 5.1.1\n"));
}
