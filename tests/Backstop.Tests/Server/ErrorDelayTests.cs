using System.Net;
using Backstop.Server.Admission;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What an error costs the client that makes it, and nobody else.</summary>
public sealed class ErrorDelayTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 6, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_so_many_wait_and_the_others_are_answered_at_once()
    {
        var delays = new ErrorDelays(2, _time, Ct);
        var waits = new[] { Wait(), Wait() };
        Assert.Equal(2, delays.Waiting);
        Assert.True(Wait().IsCompletedSuccessfully);
        Assert.DoesNotContain(waits, w => w.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(waits);
        Assert.Equal(0, delays.Waiting);

        Task Wait() => delays.WaitAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Stop_ends_the_waits()
    {
        using var stopping = new CancellationTokenSource();
        var wait = new ErrorDelays(1, _time, stopping.Token).WaitAsync(TimeSpan.FromHours(1));
        await stopping.CancelAsync();
        await wait;
    }

    /// <summary>
    /// Eleven pipelined guesses: the answers are held, another client's mail is not, and the session goes on when time has passed.
    /// </summary>
    [Fact]
    public async Task Answer_to_a_guess_waits_and_the_mail_of_others_does_not()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
                o.Smtp.ErrorDelay = TimeSpan.FromSeconds(10);
            },
            _time);
        using var guessing = new Dialog(server.Smtp);
        await guessing.PlayAsync(Begin("203.0.113.9") + Guesses(1, 10, "S: 550 5.1.1\n"));
        await guessing.SendAsync("RCPT TO:<guess11@example.org>\r\n");
        await SaysAsync(server, "\"delayed\": 1");
        await Dialog.RunAsync(
            server.Smtp,
            Begin("203.0.113.10") + "C: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354\nC: Subject: x\nC: \nC: x\nC: .\nS: 250\n");
        await SaysAsync(server, "\"delayed\": 1");
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.StartsWith("550 5.1.1", await guessing.ReadLineAsync(), StringComparison.Ordinal);
        await SaysAsync(server, "\"delayed\": 0");
    }

    /// <summary>A list that reaches ten mailboxes here may name ten dead ones more than a stranger may.</summary>
    [Fact]
    public async Task Mailboxes_that_get_mail_buy_a_session_dead_addresses()
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            (o.Smtp.MaxUnknownRecipients, o.Smtp.MaxUnknownRecipientsNetwork) = (2, 4);
        });
        const string list = "C: RCPT TO:<me@example.org>\nS: 250\nC: RCPT TO:<you@example.org>\nS: 250\n";
        const string mail = "C: DATA\nS: 354\nC: Subject: x\nC: \nC: x\nC: .\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\n";
        await Dialog.RunAsync(
            server.Smtp,
            Begin("203.0.113.9") + list + Guesses(1, 4, "S: 550 5.1.1\n") + mail + list + Guesses(5, 6, "S: 550 5.1.1\n")
                + "C: RCPT TO:<guess@example.org>\nS: 421 4.7.0\nE:");

        // Details of one mailbox buy nothing, and neither does a transaction that is given up.
        await Dialog.RunAsync(
            server.Smtp,
            Begin("203.0.114.9") + "C: RCPT TO:<me+1@example.org>\nS: 250\nC: RCPT TO:<me+2@example.org>\nS: 250\n"
                + "C: RSET\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\n" + Guesses(1, 2, "S: 550 5.1.1\n")
                + "C: RCPT TO:<guess@example.org>\nS: 421 4.7.0\nE:");
    }

    /// <summary>Lines of another protocol count against the network as guesses do.</summary>
    [Fact]
    public async Task Network_of_browsers_is_turned_away()
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Smtp.MaxUnknownRecipientsNetwork = 2;
        });
        for (var i = 1; i <= 3; i++)
        {
            await Dialog.RunAsync(
                server.Smtp, $"R: PROXY TCP4 203.0.113.{i} 192.0.2.1 4711 25\\r\\n\nS: 220\nC: GET / HTTP/1.1\nS: 554 5.5.1\nE:");
        }

        await Dialog.RunAsync(server.Smtp, "R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\\r\\n\nS: 421 4.7.0\nE:");
        await SaysAsync(server, "\"last\": \"203.0.113.0/24\"");
        await SaysAsync(server, "\"attempts\": 1");
    }

    private static string Begin(string client) =>
        $"R: PROXY TCP4 {client} 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\n";

    private static string Guesses(int from, int to, string reply) =>
        string.Concat(Enumerable.Range(from, to - from + 1).Select(i => $"C: RCPT TO:<guess{i}@example.org>\n{reply}"));

    private static async Task SaysAsync(TestServer server, string words)
    {
        using var http = new HttpClient();
        for (var tries = 0; ; tries++)
        {
            var status = await http.GetStringAsync(new Uri($"http://{server.Web}/status"), Ct);
            if (status.Contains(words, StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(tries < 3000, $"no {words} in {status}");
            await Task.Delay(20, Ct);
        }
    }
}
