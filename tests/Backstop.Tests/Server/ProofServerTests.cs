using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Mail;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.OpenSsl;
using static Backstop.Tests.Server.ServerMail;

namespace Backstop.Tests.Server;

/// <summary>Every proof through the whole server: a genuine bounce reaches INBOX by it alone, a forged one does not.</summary>
public sealed class ProofServerTests : IDisposable
{
    private static readonly MailAddress _me = new("me", "example.org");
    private readonly TempFolder _keys = new();

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public void Dispose() => _keys.Dispose();

    [Fact]
    public async Task Signed_message_id_proves_a_bounce_without_journal_and_tag()
    {
        await using var server = await TestServer.StartAsync(o => BatvKeyFile.AddNew(o.Batv.Keys = _keys["keys"]));
        var signed = new SignedMessageId(BatvKeyFile.Read(_keys["keys"]));
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "me@example.org", BounceOf(signed.Create(_me, Now))), StringComparison.Ordinal);
        Assert.Contains("reason=signed-id:pass", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);

        // Ours in form, not in truth: refused at once, covered or not. Somebody else's id of that form says nothing.
        var forged = await SendAsync(server, "<>", "me@example.org", BounceOf("bs0.20781.abcdefghijkl.abcdefghijklmnop@example.org"));
        Assert.StartsWith("550 5.7.1 Not sent by the address it is returned to (signed-id:forged)", forged, StringComparison.Ordinal);
        Assert.Contains(
            "(signed-id:expired)", await SendAsync(server, "<>", "me@example.org", BounceOf(signed.Create(_me, Now.AddDays(-40)))),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "me@example.org", BounceOf("bs0.20781.abcdefghijkl.abcdefghijklmnop@example.net")),
            StringComparison.Ordinal);
        Assert.Contains("bounce:unproved", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
    }

    /// <summary>
    /// The envelope sender may not be who the message says: what we signed for another of our addresses proves nothing, and is no
    /// forgery.
    /// </summary>
    [Fact]
    public async Task Id_that_we_signed_for_another_address_is_filed_not_refused()
    {
        await using var server = await TestServer.StartAsync(o => BatvKeyFile.AddNew(o.Batv.Keys = _keys["keys"]));
        var signed = new SignedMessageId(BatvKeyFile.Read(_keys["keys"]));
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "you@example.org", BounceOf(signed.Create(_me, Now))), StringComparison.Ordinal);
        Assert.Contains(
            "(signed-id:forged)",
            await SendAsync(server, "<>", "you@example.org", BounceOf(signed.Create(new("eve", "example.org"), Now))),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Our_dkim_signature_in_the_returned_header_proves_a_bounce()
    {
        using var rsa = RSA.Create(2048);
        await File.WriteAllTextAsync(_keys["s1.pem"], rsa.ExportSubjectPublicKeyInfoPem(), TestContext.Current.CancellationToken);
        await using var server = await TestServer.StartAsync(o =>
            o.Dkim = new() { ["s1._domainkey.example.org"] = new() { File = _keys["s1.pem"] } });
        var header = SignedHeader(rsa);
        await SendAsync(server, "<>", "me@example.org", Dsn(header));
        await SendAsync(server, "<>", "me@example.org", Dsn(header.Replace("garden plans", "other plans", StringComparison.Ordinal)));
        Assert.Contains("reason=own-dkim:pass", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);

        // A damaged signature is no reason to refuse: relays change headers.
        Assert.Contains("reason=bounce:unproved", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bounce_to_an_srs_address_that_we_did_not_make_is_refused_at_rcpt()
    {
        await File.WriteAllTextAsync(_keys["srs"], "one secret\n\ntwo secrets\n", TestContext.Current.CancellationToken);
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Srs.Secrets = _keys["srs"];
            o.Mailboxes["you@example.org"].Aliases = ["@example.org"];
        });
        var srs = new Srs([Encoding.ASCII.GetBytes("two secrets")]);
        var sender = new MailAddress("bob", "source.example");
        Assert.Contains(
            "(srs:forged)", await SendAsync(server, "<>", "SRS0=abcd=AA=source.example=bob@example.org", "x"), StringComparison.Ordinal);
        Assert.Contains(
            "(srs:expired)", await SendAsync(server, "<>", srs.Forward(sender, "example.org", Now.AddDays(-30)).ToString(), "x"),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", srs.Forward(sender, "example.org", Now).ToString(), BounceOf("any@source.example")),
            StringComparison.Ordinal);

        // Mail with a real sender is not ours to judge by this.
        Assert.StartsWith(
            "250", await SendAsync(server, "<kim@example.com>", "SRS0=abcd=AA=source.example=bob@example.org", "Subject: hi\n\nhi"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_to_unknown_mail_are_counted_and_keep_the_address_uncovered()
    {
        await using var server = await TestServer.StartAsync(o => o.Backscatter.CoverMessages = 1);
        Journal(server, j => j.Add([new(_me, "known@example.org", [], Now.AddDays(-20))]));
        Assert.StartsWith("550", await SendAsync(server, "<>", "me@example.org", BounceOf("forged@example.org")), StringComparison.Ordinal);
        for (var i = 0; i < 6; i++)
        {
            await ReplyAsync(
                server, i < 3 ? "known@example.org" : string.Create(CultureInfo.InvariantCulture, $"phone.{i}@example.org"),
                "me@example.org");
        }

        // To two people, and through a list: they may answer somebody else's mail.
        await ReplyAsync(server, "phone@example.org", "me@example.org, kim@example.com");
        await ReplyAsync(server, "phone@example.org", "me@example.org", "List-Id: <l.example>");
        await server.DeliveredAsync();
        await server.RestartAsync();
        Journal(server, j => Assert.Equal((6L, 3L), (j.Coverage("me@example.org")!.Replies, j.Coverage("me@example.org")!.RepliesToKnown)));
        Assert.StartsWith("250", await SendAsync(server, "<>", "me@example.org", BounceOf("forged@example.org")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ticket_system_that_we_wrote_to_is_heard_and_one_that_we_did_not_is_filed()
    {
        await using var server = await TestServer.StartAsync();
        Journal(server, j => j.Add([new(_me, "ticket@example.org", [new("help", "shop.example")], Now)]));
        var answer = "From: Help <noreply@zen.example>\nTo: me@example.org\nSubject: Request received\nAuto-Submitted: "
            + "auto-replied\nIn-Reply-To: <{0}>\n\nYour request has been received.";
        await SendAsync(
            server, "<noreply@zen.example>", "me@example.org", answer.Replace("{0}", "ticket@example.org", StringComparison.Ordinal));
        await SendAsync(
            server, "<noreply@zen.example>", "me@example.org", answer.Replace("{0}", "never@example.org", StringComparison.Ordinal));
        Assert.Contains("reason=journal:message-id; kind=autoreply", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.Contains(
            "reason=autoreply:unproved; kind=autoreply", Assert.Single(await server.MessagesAsync("Backscatter")),
            StringComparison.Ordinal);
    }

    /// <summary>Nothing comes back but the id, in the report's fields or in its text.</summary>
    [Theory]
    [InlineData("ndr-xorig.eml", "m1.abc@example.org")]
    [InlineData("ndr-textmid.eml", "m1.abc@example.org")]
    public async Task Bounce_that_only_names_the_id_is_proved_by_the_journal(string mail, string id)
    {
        await using var server = await TestServer.StartAsync();
        var bounce = (await File.ReadAllTextAsync(
            Path.Combine(
                HouseRulesTests.Root(), "tests", "bounce-cases", "mails", mail), TestContext.Current.CancellationToken)).Replace(
                    "Return-Path: <>\n", "", StringComparison.Ordinal);
        Journal(server, j => j.Add([new(_me, id, [], Now)]));
        await SendAsync(server, "<>", "me@example.org", bounce);
        await SendAsync(server, "<>", "me@example.org", bounce.Replace(id, "other@example.org", StringComparison.Ordinal));
        Assert.Contains("reason=journal:message-id", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.Contains("reason=bounce:unproved", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
    }

    /// <summary>
    /// A thread names a colleague's mail and last year's: that refuses no bounce of mail that proves itself in no other way.
    /// </summary>
    [Fact]
    public async Task Signed_id_in_references_proves_and_never_refuses()
    {
        await using var server = await TestServer.StartAsync(o => BatvKeyFile.AddNew(o.Batv.Keys = _keys["keys"]));
        var signed = new SignedMessageId(BatvKeyFile.Read(_keys["keys"]));
        var bounce = BounceOf("phone.1@example.org");
        Assert.StartsWith(
            "250",
            await SendAsync(server, "<>", "me@example.org", $"References: <{signed.Create(new("eve", "example.org"), Now)}>\n{bounce}"),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "me@example.org", $"References: <{signed.Create(_me, Now.AddDays(-200))}>\n{bounce}"),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "me@example.org", $"In-Reply-To: <{signed.Create(_me, Now)}>\n{bounce}"),
            StringComparison.Ordinal);
        Assert.Contains("reason=signed-id:pass", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.Equal(2, (await server.MessagesAsync("Backscatter")).Length);
    }

    [Fact]
    public async Task Own_field_in_the_returned_header_delivers_the_bounce()
    {
        await using var server = await TestServer.StartAsync(o => o.Backscatter.OwnFields = ["X-Campaign-Id: s3cret-"]);
        await SendAsync(
            server, "<>", "me@example.org", Dsn("From: me@example.org\nX-Campaign-Id: s3cret-17\nMessage-ID: <list.1@lists.example>"));
        await SendAsync(
            server, "<>", "me@example.org", Dsn("From: me@example.org\nX-Campaign-Id: guess-17\nMessage-ID: <list.2@lists.example>"));
        Assert.Contains("reason=own-field:pass", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.Contains("reason=bounce:unproved", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fake_bounce_is_filed_under_its_own_name()
    {
        await using var server = await TestServer.StartAsync();
        var fake = await File.ReadAllTextAsync(
            Path.Combine(HouseRulesTests.Root(), "tests", "mails", "fake-bounce-with-program.eml"),
            TestContext.Current.CancellationToken);
        await SendAsync(server, "<eve@example.net>", "me@example.org", fake);
        Assert.Contains(
            "reason=fake-bounce; kind=none", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
    }

    private static Task<string> ReplyAsync(TestServer server, string answered, string to, string field = "X-None: 1") =>
        SendAsync(
            server, "<kim@example.com>", "me@example.org",
            $"From: kim@example.com\nTo: {to}\nSubject: Re: hello\nIn-Reply-To: <{answered}>\n{field}\n\nYes.");

    private static string SignedHeader(RSA rsa)
    {
        using var pem = new StringReader(rsa.ExportRSAPrivateKeyPem());
        var pair = (Org.BouncyCastle.Crypto.AsymmetricCipherKeyPair)new PemReader(pem).ReadObject();
        var message = new MimeMessage(
            [new MailboxAddress("Me", "me@example.org")], [
                new MailboxAddress("", "you@example.com")], "garden plans", new TextPart("plain") { Text = "Hello.\n" });
        message.Prepare(EncodingConstraint.SevenBit);
        new DkimSigner(pair.Private, "example.org", "s1").Sign(message, [HeaderId.From, HeaderId.Subject, HeaderId.Date]);
        using var stream = new MemoryStream();
        message.Headers.WriteTo(stream);
        return Encoding.ASCII.GetString(stream.ToArray());
    }

    private static string Dsn(string header) => string.Join('\n',
        "From: MAILER-DAEMON@mail4.example.net", "To: me@example.org", "Subject: Undelivered Mail",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "",
        "--b", "Content-Type: message/delivery-status", "", "Final-Recipient: rfc822; "
            + "you@example.com", "Action: failed", "Status: 5.1.1", "",
        "--b", "Content-Type: text/rfc822-headers", "", header, "--b--", "");
}
