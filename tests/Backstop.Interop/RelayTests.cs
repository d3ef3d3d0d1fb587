using System.Globalization;
using System.Text;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>Between servers, with no queue of our own: LMTP before a real Dovecot, SMTP before and after Postfix's queue.</summary>
public sealed class RelayTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lmtp_before_dovecot_hands_on_what_is_wanted_and_gives_dovecots_answers()
    {
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        using var dovecot = await DovecotLmtp.StartAsync();
        var port = Server.FreePort();
        using var guard = await Guard.StartAsync(
            string.Create(
                CultureInfo.InvariantCulture, $"backscatter.unproved = \"refuse\"\nrelay.lmtp_to = "
                    + $"\"127.0.0.1:{dovecot.Port}\""), string.Create(
                    CultureInfo.InvariantCulture, $"lmtp_proxy = \"127.0.0.1:{port}\""));
        var journal = await StormC.JournalAsync(folder.Path, guard.Data, 50, 7);
        var table = folder["lmtp.tsv"];
        await Tool.RunAsync(
            storm, ["-T", "-P", "-m", "20", "-p", $"{port}", "-o", table, "-n", "3000", "-c", "20", "-j", journal, "-S", "7"], _limit);
        var sent = StormC.Read(table);
        var inbox = StormC.Ids(dovecot.Maildir("victim"));
        Assert.All(sent.Where(s => s.Kind == "genuine"), s => Assert.Equal(1, inbox.GetValueOrDefault(s.Id)));
        Assert.Equal(sent.Count(s => s.Kind == "legit"), StormC.Ids(dovecot.Maildir("legit")).Count);

        // What was refused is nowhere; what was taken is there once, and says that it is to be filed.
        var forged = sent.Where(s => s.Kind == "forged").ToList();
        Assert.All(forged, s => Assert.Equal(s.Code == 250 ? 1 : 0, inbox.GetValueOrDefault(s.Id)));
        Assert.InRange(forged.Count(s => s.Code == 550), forged.Count / 2, forged.Count);
        Assert.Equal(
            forged.Count(s => s.Code == 250),
            MessageFiles.Read(dovecot.Maildir("victim")).Count(m =>
                Encoding.Latin1.GetString(m.Bytes.Span).Contains("X-Backstop: file; ", StringComparison.Ordinal)));

        // Dovecot's own words for whom it does not know; two recipients, two answers; a tag is taken off.
        using var client = await Dialog.ConnectAsync(port);
        await client.SayAsync("LHLO client.example", "250");
        await client.SayAsync("MAIL FROM:<ann@client.example> BODY=8BITMIME", "250");
        Assert.Contains("User doesn't exist", await client.SayAsync("RCPT TO:<nobody@bench.test>", "550 5.1.1"), StringComparison.Ordinal);
        await client.SayAsync("RCPT TO:<user@bench.test>", "250");
        await client.SayAsync("RCPT TO:<legit@bench.test>", "250");
        await client.SayAsync("DATA", "354");
        await client.SayAsync("Subject: dots\r\n\r\n..\r\n..x\r\nend\r\n.", "250 2.0.0 <user@bench.test>");
        await client.HearAsync("250 2.0.0 <legit@bench.test>");
        await client.SayAsync("MAIL FROM:<>", "250");
        await client.SayAsync($"RCPT TO:<{(await guard.RunAsync("batv", "sign", "user@bench.test")).Trim()}>", "250");
        await client.SayAsync("RSET", "250");
        var mail = Assert.Single(MessageFiles.Read(dovecot.Maildir("user")));
        Assert.EndsWith("\n\n.\n.x\nend\n", Encoding.Latin1.GetString(mail.Bytes.Span), StringComparison.Ordinal);

        // A server behind us that is gone: the client keeps its mail, and it goes on when that is back.
        dovecot.Stop();
        Assert.StartsWith("451 4.4.1", await client.SayAsync("MAIL FROM:<ann@client.example>", "451"), StringComparison.Ordinal);
    }

    /// <summary>The next server trusts us: for a stranger we are no way round its rules.</summary>
    [Fact]
    public async Task A_stranger_reaches_no_other_domain_through_us_and_is_nobody_else()
    {
        using var folder = new TempFolder();
        using var next = await Server.StartAsync(folder.Path);
        var port = Server.FreePort();
        using var guard = await Guard.StartAsync(
            string.Create(
                CultureInfo.InvariantCulture, $"guard.servers = [\"127.0.0.9/32\"]\nrelay.smtp_to = "
                    + $"\"127.0.0.1:{next.SmtpPort}\""), string.Create(
                    CultureInfo.InvariantCulture, $"smtp_proxy = \"127.0.0.1:{port}\""));
        using var client = await Dialog.ConnectAsync(port);
        await client.SayAsync("EHLO client.example", "250");
        await client.SayAsync("XFORWARD ADDR=127.0.0.9", "502");
        await client.SayAsync("XCLIENT ADDR=127.0.0.9 LOGIN=root", "502");
        await client.SayAsync("MAIL FROM:<ann@client.example>", "250");
        Assert.Contains("(relay:denied)", await client.SayAsync("RCPT TO:<bob@another.example>", "550 5.7.1"), StringComparison.Ordinal);
        await client.SayAsync("RCPT TO:<user@bench.test>", "250");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Smtp_before_and_after_postfixs_queue(bool afterQueue)
    {
        var (port, table) = (Server.FreePort(), Server.FreePort());
        var filter = afterQueue
            ? "receive_override_options=no_address_mappings -o content_filter=smtp:[127.0.0.1]"
            : "smtpd_proxy_filter=127.0.0.1";
        var reinject = 0;
        using var mail = new TempFolder();
        Guard? guard = null;
        using var postfix = await Postfix.StartAsync(
            mail["mail"], string.Create(
                CultureInfo.InvariantCulture,
                $"smtp_send_xforward_command = yes\nrecipient_canonical_maps = socketmap:inet:127.0.0.1:{table}:untag\n"),
            string.Create(CultureInfo.InvariantCulture, $"-o {filter}:{port}"),
            p =>
            {
                reinject = p.Reinject;
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"127.0.0.1:{p.Reinject} inet n - n - 100 smtpd\n  -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n  -o "
                        + $"smtpd_relay_restrictions=reject_unauth_destination\n");
            });
        var top = string.Create(
            CultureInfo.InvariantCulture, $"backscatter.unproved = \"refuse\"\nrelay.smtp_to = "
                + $"\"127.0.0.1:{reinject}\"\nrelay.after_queue = {(afterQueue ? "true" : "false")}");
        guard = await Guard.StartAsync(top, string.Create(CultureInfo.InvariantCulture, $"smtp_proxy = \"127.0.0.1:{port}\""), table);
        using var _ = guard;
        Directory.CreateSymbolicLink(Path.Combine(guard.Data, "mail"), mail["mail"]);
        var summary = await guard.StormAsync(postfix.Port, 1000, 100, 100);
        await postfix.EmptyAsync();
        var bodies = MessageFiles.Read(Path.Combine(mail["mail"], "victim@bench.test", "Maildir"))
            .Select(m => Encoding.Latin1.GetString(m.Bytes.Span)).ToList();
        Assert.Equal(100, summary.GetProperty("legit").GetProperty("inInbox").GetInt32());
        Assert.Equal(200, bodies.Count(b => b.Contains("X-Backstop: deliver; ", StringComparison.Ordinal)));
        var bounces = summary.GetProperty("bounces");
        if (afterQueue)
        {
            // Postfix has accepted them: nothing may be refused any more, or it would write to somebody.
            Assert.Equal(1000, bodies.Count(b => b.Contains("X-Backstop: file; ", StringComparison.Ordinal)));
            Assert.DoesNotContain("status=bounced", postfix.Log, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains("(bounce:unproved)", postfix.Log, StringComparison.Ordinal);
            Assert.Equal(
                1000,
                bounces.GetProperty("refusedAtRcpt").GetInt32() + bounces.GetProperty("refusedAtData").GetInt32()
                    + bounces.GetProperty("inInbox").GetInt32());
            Assert.InRange(bounces.GetProperty("inInbox").GetInt32(), 0, 300);
        }

        // Who the client was reaches the server behind us, for its log.
        Assert.Matches("client=unknown\\[127\\.\\d+\\.\\d+\\.\\d+\\], orig_client=|client=unknown\\[127\\.(?!0\\.0\\.1\\])", postfix.Log);
    }
}
