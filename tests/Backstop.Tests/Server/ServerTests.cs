using System.Net;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Mail;
using Backstop.Mailboxes;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using static Backstop.Tests.Server.ServerMail;

namespace Backstop.Tests.Server;

/// <summary>The promises, through the whole server.</summary>
public sealed class ServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mail_is_delivered_with_its_trace()
    {
        await using var server = await TestServer.StartAsync();
        await SendAsync(server, "<a@b.example>", "me+list@example.org", "Subject: hi\n\n.dot\nend");
        var message = Assert.Single(await server.MessagesAsync());
        Assert.StartsWith(
            "Return-Path: <a@b.example>\nDelivered-To: me+list@example.org\nX-Backstop: deliver; reason=mail; kind=none\nReceived: "
                + "from client.example (localhost [127.0.0.1])\n\tby mx.example.org with ESMTP id ",
            message, StringComparison.Ordinal);
        Assert.EndsWith("\nSubject: hi\n\n.dot\nend\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unproved_bounce_is_filed_on_day_one_and_a_proved_one_delivered()
    {
        await using var server = await TestServer.StartAsync();
        Journal(
            server,
            o => o.Add(
                [new(
                    MailAddress.TryParse("me@example.org")!, "sent@example.org", [MailAddress.TryParse("kim@example.com")!],
                    TimeProvider.System.GetUtcNow())]));
        await SendAsync(server, "<>", "me@example.org", BounceOf("forged@example.org"));
        await SendAsync(server, "<>", "me@example.org", BounceOf("sent@example.org"));
        Assert.Contains(
            "reason=bounce:unproved; kind=bounce", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
        Assert.Contains("reason=journal:message-id; kind=bounce", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Covered_address_has_unproved_bounces_refused()
    {
        await using var server = await TestServer.StartAsync(o => o.Backscatter.CoverMessages = 1);
        Journal(
            server,
            o => o.Add(
                [new(MailAddress.TryParse("me@example.org")!, "sent@example.org", [], TimeProvider.System.GetUtcNow().AddDays(-20))]));
        var reply = await SendAsync(server, "<>", "me@example.org", BounceOf("forged@example.org"));
        Assert.StartsWith("550 5.7.1 Not sent by the address it is returned to (bounce:unproved)", reply, StringComparison.Ordinal);
        Assert.Empty(await server.MessagesAsync("Backscatter"));

        // Coverage is the address's own: another mailbox is still on day one.
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "you@example.org", BounceOf("forged@example.org")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Valid_tag_beats_everything_and_a_bad_one_is_refused_at_rcpt()
    {
        var key = new TempFolder();
        using (key)
        {
            await using var server = await TestServer.StartAsync(o =>
            {
                BatvKeyFile.AddNew(o.Batv.Keys = key["keys"]);
                o.Batv.AlwaysSigned = ["me@example.org"];
            });
            var batv = new Batv(BatvKeyFile.Read(key["keys"]));
            var me = MailAddress.TryParse("me@example.org")!;
            var now = TimeProvider.System.GetUtcNow();
            await SendAsync(server, "<>", batv.Sign(me, now).ToString(), BounceOf("forged@example.org"));
            Assert.Contains("reason=batv:pass", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
            Assert.Contains(
                "(batv:expired)", await SendAsync(server, "<>", batv.Sign(me, now.AddDays(-9)).ToString(), "x"),
                StringComparison.Ordinal);
            Assert.Contains(
                "(batv:forged)", await SendAsync(server, "<>", "prvs=0123abcdef=me@example.org", "x"), StringComparison.Ordinal);
            Assert.Contains("(batv:missing)", await SendAsync(server, "<>", "me@example.org", "x"), StringComparison.Ordinal);

            // A real sender that answers a tagged address is real mail.
            Assert.StartsWith(
                "250", await SendAsync(server, "<kim@example.com>", batv.Sign(me, now).ToString(), "Subject: re\n\nhi"),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Graceful_stop_says_421_and_lets_a_message_end()
    {
        var server = await TestServer.StartAsync();
        using var idle = new Dialog(server.Smtp);
        using var busy = new Dialog(server.Smtp);
        await idle.PlayAsync("S: 220\nC: HELO c\nS: 250");
        await busy.PlayAsync(
            "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354");
        var stopping = server.StopAsync();
        await idle.PlayAsync("S: 421 4.3.2\nE:");
        await busy.PlayAsync("C: Subject: last\nC: \nC: .\nS: 250 2.0.0\nS: 421 4.3.2\nE:");
        await stopping;
        Assert.Single(Directory.GetFiles(server.Inbox));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Starttls_works_and_forgets_what_was_said_before()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new SmtpClient
        {
            ServerCertificateValidationCallback = (_, certificate, _, _) => certificate!.Subject == "CN=mx.example.org",
        };
        await client.ConnectAsync("127.0.0.1", server.Smtp.Port, SecureSocketOptions.StartTls, Ct);
        Assert.True(client.IsSecure);
        Assert.True(
            client.Capabilities.HasFlag(
                SmtpCapabilities.Chunking | SmtpCapabilities.UTF8 | SmtpCapabilities.Pipelining | SmtpCapabilities.Dsn));
        await client.SendAsync(Message(), Ct);
        await client.DisconnectAsync(true, Ct);
        Assert.Contains("with ESMTPS id", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configured_certificate_is_shown()
    {
        await using var maker = await TestServer.StartAsync(o => o.Hostname = "own.example.org");
        var pem = Path.Combine(maker.Options.Data, "tls", "self-signed.pem");
        await using var server = await TestServer.StartAsync(o => o.Tls = new() { Certificate = pem, Key = pem });
        using var client = new SmtpClient
        {
            ServerCertificateValidationCallback = (_, certificate, _, _) => certificate!.Subject == "CN=own.example.org",
        };
        await client.ConnectAsync("127.0.0.1", server.Smtp.Port, SecureSocketOptions.StartTls, Ct);
        Assert.True(client.IsSecure);
        await client.DisconnectAsync(true, Ct);
        Assert.False(Directory.Exists(Path.Combine(server.Options.Data, "tls")));
    }

    [Fact]
    public async Task Command_slipped_in_before_the_handshake_ends_the_session()
    {
        await using var server = await TestServer.StartAsync();
        using var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync("S: 220\nR: STARTTLS\\r\\nMAIL FROM:<evil@b.example>\\r\\n\nS: 501 5.5.4 Nothing may follow STARTTLS\nE:");
    }

    [Fact]
    public async Task Client_library_delivers_large_and_small_mail_unchanged()
    {
        await using var server = await TestServer.StartAsync();
        var message = Message();
        var attachment = new byte[3_000_000];
        new Random(1).NextBytes(attachment);
        message.Body = new BodyBuilder
        {
            TextBody = ".\r\n..dots\r\nFrom here\r\n",
            Attachments = { { "a.bin", attachment } }
        }.ToMessageBody();
        using var client = new SmtpClient();
        await client.ConnectAsync("127.0.0.1", server.Smtp.Port, SecureSocketOptions.None, Ct);
        await client.SendAsync(message, Ct);
        await client.DisconnectAsync(true, Ct);
        var text = Assert.Single(await server.MessagesAsync());
        var read = await MimeMessage.LoadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), Ct);
        Assert.Equal(message.TextBody?.ReplaceLineEndings("\n"), read.TextBody?.ReplaceLineEndings("\n"));
        using var content = new MemoryStream();
        await ((MimeKit.MimePart)read.Attachments.Single()).Content!.DecodeToAsync(content, Ct);
        Assert.Equal(attachment, content.ToArray());
    }

    [Fact]
    public async Task Proxy_header_tells_the_real_client_and_nothing_else_is_heard()
    {
        await using var server = await TestServer.StartAsync(o => o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")]);
        await Dialog.RunAsync(server.Smtp, """
            R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\r\n
            S: 220
            C: HELO c
            S: 250
            C: MAIL FROM:<a@b.example>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            C: DATA
            S: 354
            C: .
            S: 250
            """);
        Assert.Contains("[203.0.113.9]", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        await Dialog.RunAsync(server.Smtp, "C: EHLO not.a.proxy\nE:");
    }

    /// <summary>
    /// The load balancer is a server beside us; whom it announces is a stranger, and may not say that he is somebody else.
    /// </summary>
    [Fact]
    public async Task Announced_stranger_may_not_use_xclient()
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Listen.SmtpProxy = [new(IPAddress.Loopback, 0)];
            o.Relay.SmtpTo = "127.0.0.1:9";
        });
        var proxy = server.EndPoint("smtp_proxy");
        await Dialog.RunAsync(
            proxy,
            "R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: XCLIENT ADDR=127.0.0.9 LOGIN=root\nS: "
                + "502\nC: XFORWARD ADDR=127.0.0.9\nS: 502");
        await Dialog.RunAsync(
            proxy, "R: PROXY TCP4 127.0.0.8 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: XCLIENT ADDR=203.0.113.9\nS: 220");
    }

    [Fact]
    public async Task Listed_client_may_not_bounce_but_may_write()
    {
        await using var dns = new TestDns { ["2.0.0.127.bl.test"] = "127.0.0.2", ["9.113.0.203.bl.test"] = "127.0.0.2" };
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Dnsbl = new() { Zones = ["bl.test"], Resolvers = [dns.EndPoint] };
        });
        await ServerMail.StatusAsync(server, "\"Working\"");
        static string Hello(int client, string from, string to, string reply) =>
            $"R: PROXY TCP4 203.0.113.{client} 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<{from}>\nS: 250\nC: "
                + $"RCPT TO:<{to}>\nS: {reply}";
        await Dialog.RunAsync(
            server.Smtp, Hello(9, "", "me@example.org", "550 5.7.1 Bounces from this address are not accepted (dnsbl:bl.test)"));
        await Dialog.RunAsync(server.Smtp, Hello(9, "postmaster@b.example", "me@example.org", "550"));
        await Dialog.RunAsync(server.Smtp, Hello(9, "kim@b.example", "me@example.org", "250"));
        await Dialog.RunAsync(server.Smtp, Hello(9, "", "postmaster@example.org", "250"));
        await Dialog.RunAsync(server.Smtp, Hello(10, "", "me@example.org", "250"));
    }

    [Fact]
    public async Task Failing_delivery_stays_in_the_spool_is_shown_and_makes_no_message()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["box"]);
        await using var server = await TestServer.StartAsync(o =>
            o.Mailboxes["me@example.org"] = new() { Format = FolderFormat.Mbox, Path = folder["box"] });
        Assert.StartsWith(
            "250", await SendAsync(server, "<a@b.example>", "me@example.org", "Subject: kept\n\nx"), StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, folder["box"]);
        Directory.Delete(folder["box"]);
        await server.DeliveredAsync();
        Assert.Contains("Subject: kept", await File.ReadAllTextAsync(folder["box"], Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Undelivered_mail_is_delivered_once_after_a_restart()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["file"], "in the way", Ct);
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Smtp.StopTimeout = TimeSpan.FromSeconds(1);
            o.Mailboxes["me@example.org"] = new() { Path = folder["file/Maildir"] };
        });
        await SendAsync(server, "<a@b.example>", "me@example.org", "Subject: one\n\nx");
        await ServerMail.StatusAsync(server, folder["file/Maildir"]);
        File.Delete(folder["file"]);
        await server.RestartAsync();
        await server.DeliveredAsync();
        await server.RestartAsync();
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(folder["file/Maildir/new"]));
    }

    [Fact]
    public async Task Mail_loop_is_ended()
    {
        await using var server = await TestServer.StartAsync(o => o.Smtp.MaxHops = 10);
        Assert.StartsWith(
            "550 5.4.6",
            await SendAsync(server, "<a@b.example>", "me@example.org", string.Concat(Enumerable.Repeat("Received: x\n", 11)) + "\nx"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(400_000)]
    public async Task Sender_cannot_write_our_verdict(int size)
    {
        await using var server = await TestServer.StartAsync();
        var body = string.Concat(Enumerable.Repeat("line of text\n", (size / 13) + 1));
        await SendAsync(
            server, "<a@b.example>", "me@example.org",
            "x-backstop: deliver; reason=batv:pass\nX-Backstop-Id: 1.0\nSubject: x\n\n" + body + "end");
        var message = Assert.Single(await server.MessagesAsync());
        Assert.Equal(1, message.Split("X-Backstop", StringSplitOptions.None).Length - 1);
        Assert.Contains(
            "\nY-backstop: deliver; reason=batv:pass\nY-Backstop-Id: 1.0\nSubject: x\n\n" + body, message, StringComparison.Ordinal);
        Assert.EndsWith("\nend\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_addresses_of_one_mailbox_get_one_copy()
    {
        await using var server = await TestServer.StartAsync();
        await Dialog.RunAsync(
            server.Smtp,
            "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: RCPT "
                + "TO:<info@example.org>\nS: 250\nC: DATA\nS: 354\nC: .\nS: 250");
        Assert.Single(await server.MessagesAsync());
    }

    [Fact]
    public async Task Metrics_tell_the_same_reasons()
    {
        await using var server = await TestServer.StartAsync();
        await SendAsync(server, "<>", "nobody@example.org", "x");
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri($"http://{server.Web}/metrics"), Ct);
        Assert.Contains("reason=\"recipient:unknown\",stage=\"rcpt\"", metrics, StringComparison.Ordinal);
        Assert.Contains("backstop_messages_generated_total", metrics, StringComparison.Ordinal);
    }

    private static MimeMessage Message() => new(
        [new MailboxAddress("A", "a@b.example")], [
            new MailboxAddress("Me", "me@example.org")], "hello", new TextPart("plain") { Text = "hi\r\n" });
}
