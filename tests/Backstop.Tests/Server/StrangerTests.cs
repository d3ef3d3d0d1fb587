using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>Who is a stranger, over every front: only strangers are deferred, and only for a time.</summary>
public sealed class StrangerTests
{
    private const string Deferred = "451 4.7.1 Too many recipients from there just now, try again later (rate:network)";

    [Fact]
    public async Task The_receiver_defers_a_network_that_is_over_its_limit_and_no_other()
    {
        await using var server = await StartAsync();
        await Dialog.RunAsync(server.Smtp, From("203.0.113.9") + """
            C: MAIL FROM:<ann@client.example>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            C: RCPT TO:<you@example.org>
            S: 250
            C: RCPT TO:<info@example.org>
            S: 451 4.7.1 Too many recipients from there just now, try again later (rate:network)
            C: RCPT TO:<postmaster@example.org>
            S: 250
            C: RCPT TO:<none@example.org>
            S: 550
            """);
        await Dialog.RunAsync(server.Smtp, From("203.0.113.10") + """
            C: MAIL FROM:<>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 451 4.7.1 Too many recipients from there just now, try again later (rate:network)
            """);
        await Dialog.RunAsync(server.Smtp, From("203.0.112.10") + """
            C: MAIL FROM:<ann@client.example>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            """);
    }

    [Theory]
    [InlineData("a server of ours", "198.51.100.7")]
    [InlineData("our network", "192.0.2.200")]
    [InlineData("this host", "127.0.0.1")]
    public async Task Own_servers_have_no_limit(string label, string address)
    {
        await using var server = await StartAsync();
        for (var i = 0; i < 2; i++)
        {
            await Dialog.RunAsync(server.Smtp, From(address) + """
                C: MAIL FROM:<ann@client.example>
                S: 250
                C: RCPT TO:<me@example.org>
                S: 250
                C: RCPT TO:<you@example.org>
                S: 250
                """);
        }

        Assert.NotEmpty(label);
    }

    /// <summary>A correspondent behind a busy provider is not to wait for the strangers there.</summary>
    [Fact]
    public async Task Whom_the_recipient_has_written_to_has_no_limit()
    {
        await using var server = await StartAsync();
        ServerMail.Journal(server, j => j.Add([
            new(new("me", "example.org"), "1@example.org", [new("friend", "client.example")], TimeProvider.System.GetUtcNow())]));
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("ann@client.example", "you@example.org", "DUNNO"), "\n");
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("ann@client.example", "you@example.org", "DUNNO"), "\n");
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("friend@client.example", "you@example.org", Deferred), "\n");
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("friend@client.example", "me@example.org", "DUNNO"), "\n");
    }

    [Fact]
    public async Task The_milter_defers_too_and_lmtp_never_does()
    {
        await using var server = await StartAsync();
        await MilterDialog.RunAsync(server.EndPoint("milter"), $"""
            C: O #6 #511 #2097151
            S: O #6
            C: C "client.example" '4' %25 "203.0.113.7"
            C: H "client.example"
            C: M "<ann@client.example>"
            C: R "<you@example.org>"
            S: c
            C: R "<me@example.org>"
            S: c
            C: R "<info@example.org>"
            S: y "{Deferred}"
            C: Q
            E:
            """);
        await Dialog.RunAsync(server.Lmtp, """
            R: PROXY TCP4 203.0.113.7 192.0.2.1 4711 25\r\n
            S: 220
            C: LHLO c
            S: 250
            C: MAIL FROM:<ann@client.example>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            """);
    }

    /// <summary>A server that has queued a message would answer with a bounce; a recipient over the limit is not filed either.</summary>
    [Fact]
    public async Task Behind_the_queue_nobody_is_deferred_and_nothing_is_filed_for_it()
    {
        await using var next = new NextServer(isLmtp: false);
        await using var server = await StartAsync(o =>
        {
            o.Listen.SmtpProxy = [new(IPAddress.Loopback, 0)];
            (o.Relay.SmtpTo, o.Relay.AfterQueue) = (next.Address, true);
        });
        await Dialog.RunAsync(server.EndPoint("smtp_proxy"), From("203.0.113.9") + """
            C: MAIL FROM:<ann@client.example>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            C: RCPT TO:<you@example.org>
            S: 250
            C: RCPT TO:<info@example.org>
            S: 250
            C: DATA
            S: 354
            C: Subject: hello
            C:
            C: hello
            C: .
            S: 250
            """);
        Assert.Contains("X-Backstop: deliver;", System.Text.Encoding.Latin1.GetString(next.Last), StringComparison.Ordinal);
    }

    /// <summary>Also where mail may not be said to be ours, and so is judged.</summary>
    [Fact]
    public async Task Users_who_have_logged_in_have_no_limit()
    {
        await using var server = await StartAsync(o => o.Outbound.Listeners = ["table"]);
        var asks = Asks("ann@client.example", "you@example.org", "DUNNO")
            .Replace("C: sender=", "C: sasl_username=ann\nC: sender=", StringComparison.Ordinal);
        await Dialog.RunAsync(server.EndPoint("policy"), asks + asks + asks, "\n");
        await MilterDialog.RunAsync(server.EndPoint("milter"), """
            C: O #6 #511 #2097151
            S: O #6
            C: C "client.example" '4' %25 "203.0.113.7"
            C: H "client.example"
            C: D 'M' "{auth_authen}" "ann"
            C: M "<ann@client.example>"
            C: R "<you@example.org>"
            S: c
            C: R "<me@example.org>"
            S: c
            C: R "<info@example.org>"
            S: c
            C: Q
            E:
            """);
    }

    [Fact]
    public async Task A_domain_has_a_limit_of_its_own_and_a_reload_lifts_it()
    {
        await using var server = await StartAsync(o => o.Rates = new() { PerSenderDomain = 1 });
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("ann@Client.example", "you@example.org", "DUNNO"), "\n");
        await Dialog.RunAsync(
            server.EndPoint("policy"),
            Asks("bob@client.example", "you@example.org", Deferred.Replace("network", "sender-domain", StringComparison.Ordinal)), "\n");
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("bob@other.example", "you@example.org", "DUNNO"), "\n");
        Assert.True((await server.ReloadAsync(o => o.Rates = new())).IsTaken);
        await Dialog.RunAsync(server.EndPoint("policy"), Asks("bob@client.example", "you@example.org", "DUNNO"), "\n");
    }

    private static Task<TestServer> StartAsync(Action<BackstopOptions>? configure = null) => TestServer.StartAsync(o =>
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        (o.Listen.Milter, o.Listen.Policy) = ([any], [any]);
        o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
        o.Guard.Servers = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("198.51.100.7/32")];
        o.Outbound.Networks = [IPNetwork.Parse("192.0.2.128/25")];
        o.Rates = new() { PerNetwork = 2 };
        configure?.Invoke(o);
    });

    private static string From(string address) => $"R: PROXY TCP4 {address} 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\n";

    private static string Asks(string sender, string recipient, string action) => $"""
        C: request=smtpd_access_policy
        C: protocol_state=RCPT
        C: client_address=203.0.113.7
        C: sender={sender}
        C: recipient={recipient}
        C: 
        S: action={action}
        S: 

        """;
}
