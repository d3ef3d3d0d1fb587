using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Backscatter.Proofs;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>Beside a real Postfix: milter, policy service and tables.</summary>
public sealed class PostfixTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The morning, through Postfix: what is forged is refused in the session, with our reason in Postfix's log.</summary>
    [Fact]
    public async Task Milter_refuses_a_storm_and_lets_real_mail_pass()
    {
        using var guard = await Guard.StartAsync("backscatter.unproved = \"refuse\"");
        using var postfix = await Postfix.StartAsync(Path.Combine(guard.Data, "mail"), Milter(guard) + Untag(guard));
        var summary = await guard.StormAsync(postfix.Port, 5000, 200, 500, connections: 20);
        Assert.Equal(500, summary.GetProperty("legit").GetProperty("inInbox").GetInt32());
        Assert.Equal(200, summary.GetProperty("genuine").GetProperty("inInbox").GetInt32());
        var bounces = summary.GetProperty("bounces");
        Assert.Equal(
            5000,
            bounces.GetProperty("refusedAtRcpt").GetInt32() + bounces.GetProperty("refusedAtData").GetInt32()
                + bounces.GetProperty("inInbox").GetInt32());

        // What comes from a sender of its own (automatic answers) is filed, by the field that a delivery filter reads.
        var marks = MessageFiles.Read(Path.Combine(guard.Data, "mail", "victim@bench.test", "Maildir"))
            .Select(m =>
            Regex.Match(
                Encoding.Latin1.GetString(m.Bytes.Span), "(?m)^X-Backstop: (?<what>deliver|file); reason=[a-z:-]+; kind=[a-z-]+$",
                RegexOptions.ExplicitCapture, _limit).Groups["what"].Value).ToList();
        Assert.Equal(700, marks.Count(m => m == "deliver"));
        Assert.Equal(bounces.GetProperty("inInbox").GetInt32(), marks.Count(m => m == "file"));
        Assert.Equal(700 + bounces.GetProperty("inInbox").GetInt32(), marks.Count);

        Assert.Contains("milter-reject: END-OF-MESSAGE from", postfix.Log, StringComparison.Ordinal);
        Assert.Contains("5.7.1 Not sent by the address it is returned to (bounce:unproved)", postfix.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("sender non-delivery notification", postfix.Log, StringComparison.Ordinal);
    }

    /// <summary>
    /// Mail that leaves gets a tag, a field and an entry; its bounce comes home; the same bounce after the tag has expired, or to a
    /// tag of somebody's making, does not.
    /// </summary>
    [Theory]
    [InlineData("prefix", "^prvs=\\d{4}[0-9a-f]{6}=user@bench\\.test$")]
    [InlineData("detail", "^user\\+prvs=\\d{4}[0-9a-f]{6}@bench\\.test$")]
    public async Task Milter_signs_what_leaves_and_its_bounce_comes_home(string form, string shape)
    {
        var swaks = Needs.Program("swaks", "swaks");
        using var elsewhere = new TempFolder();
        using var other = await Server.StartAsync(elsewhere.Path);
        using var guard = await Guard.StartAsync($"backscatter.unproved = \"refuse\"\nbatv.form = \"{form}\"");
        var tables = form == "prefix" ? Untag(guard) : "recipient_delimiter = +\n";
        using var postfix = await Postfix.StartAsync(
            Path.Combine(guard.Data, "mail"), Milter(guard) + tables + string.Create(
                CultureInfo.InvariantCulture, $"transport_maps = inline:{{ else.example=smtp:[127.0.0.1]:{other.SmtpPort} }}\n"));

        // The other server knows one mailbox; what is for others it refuses, and then Postfix itself makes the bounce.
        await SwaksAsync(swaks, postfix.Submission, "user@bench.test", "nobody@else.example");
        await Until.SoAsync(
            () => postfix.Log.Contains("status=bounced", StringComparison.Ordinal)
                || postfix.Log.Contains("status=deferred", StringComparison.Ordinal),
            () => postfix.Log);

        // Its log gathers lines for a moment.
        await Until.SoAsync(() => other.Log.Contains("refused client", StringComparison.Ordinal), () => other.Log);
        var sender = Regex.Match(
            other.Log, "refused .*from=<(?<s>[^>]*)>", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)).Groups["s"].Value;
        Assert.Matches(shape, sender);

        // Postfix returns it to the tagged address: delivered, though all unproved bounces are refused.
        await postfix.EmptyAsync();
        var maildir = Path.Combine(guard.Data, "mail", "user@bench.test", "Maildir");
        Assert.Contains(
            MessageFiles.Read(maildir),
            m => Encoding.Latin1.GetString(m.Bytes.Span).Contains("X-Backstop-Sent: bs", StringComparison.Ordinal));

        // From outside: the tag proves itself at RCPT, a forged and an expired one are refused there.
        Assert.Contains(
            "250 2.0.0 Ok: queued", await SwaksAsync(swaks, postfix.Port, "<>", sender, Bounce("x@y.example")), StringComparison.Ordinal);
        // A forged prefix is no address at all to Postfix: the table knows only what we signed.
        Assert.Contains(
            form == "prefix" ? "550 5.1.1" : "(batv:forged)", await SwaksAsync(swaks, postfix.Port, "<>", Other(sender)),
            StringComparison.Ordinal);
        var key = (await File.ReadAllLinesAsync(Path.Combine(guard.Data, "batv.keys"), Ct))[^1].Split(' ');
        var batv = new Batv(
            [new(int.Parse(key[0], CultureInfo.InvariantCulture), Convert.FromHexString(key[1]))], 7,
            form == "prefix" ? BatvForm.Prefix : BatvForm.Detail);
        var expired = batv.Sign(new("user", "bench.test"), TimeProvider.System.GetUtcNow().AddDays(-20)).ToString();
        Assert.Contains("(batv:expired)", await SwaksAsync(swaks, postfix.Port, "<>", expired), StringComparison.Ordinal);
        Assert.Contains(
            "(bounce:unproved)", await SwaksAsync(swaks, postfix.Port, "<>", "user@bench.test", Bounce("never@written.example")),
            StringComparison.Ordinal);
        await postfix.EmptyAsync();
        Assert.Contains(
            MessageFiles.Read(maildir),
            m => Encoding.Latin1.GetString(m.Bytes.Span).Contains(
                "X-Backstop: deliver; reason=batv:pass; kind=bounce", StringComparison.Ordinal));
    }

    /// <summary>
    /// The policy service alone sees no message: forged and expired tags and strict addresses are refused, what cannot be known
    /// passes, and who is written to is known.
    /// </summary>
    [Fact]
    public async Task Policy_service_alone_refuses_what_it_can_know()
    {
        var swaks = Needs.Program("swaks", "swaks");
        using var guard = await Guard.StartAsync("batv.always_signed = [\"victim@bench.test\"]\noutbound.networks = [\"127.0.0.9/32\"]");
        var policy = string.Create(CultureInfo.InvariantCulture, $"check_policy_service,inet:127.0.0.1:{guard.Policy}");
        using var postfix = await Postfix.StartAsync(
            Path.Combine(guard.Data, "mail"), Untag(guard)
                + "transport_maps = inline:{ else.example=discard: }\nsmtpd_authorized_xclient_hosts = 127.0.0.1\n",
            string.Create(
                CultureInfo.InvariantCulture, $"-o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:{guard.Policy}"),
            p => string.Create(
                CultureInfo.InvariantCulture,
                $"127.0.0.1:{p.Reinject} inet n - n - 100 smtpd\n  -o smtpd_relay_restrictions=permit_mynetworks,reject\n  -o "
                    + $"smtpd_recipient_restrictions={policy}"));
        var summary = await guard.StormAsync(postfix.Port, 1000, 100, 100, connections: 20);
        Assert.Equal(100, summary.GetProperty("legit").GetProperty("inInbox").GetInt32());
        var bounces = summary.GetProperty("bounces");
        Assert.InRange(bounces.GetProperty("refusedAtRcpt").GetInt32(), 700, 1000);
        Assert.Contains("(batv:missing)", postfix.Log, StringComparison.Ordinal);

        // The genuine ones that came back to their tag came home; those of the journal alone need the message, which nobody shows us.
        var genuine = summary.GetProperty("genuine");
        Assert.InRange(genuine.GetProperty("inInbox").GetInt32(), 30, 70);
        Assert.Equal(100, genuine.GetProperty("inInbox").GetInt32() + genuine.GetProperty("refusedAtRcpt").GetInt32());

        await SwaksAsync(swaks, postfix.Reinject, "user@bench.test", "bob@else.example", "--local-interface", "127.0.0.9");
        Assert.Contains("user@bench.test", await guard.RunAsync("journal", "stats"), StringComparison.Ordinal);
    }

    private static string Milter(Guard guard) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"smtpd_milters = inet:127.0.0.1:{guard.Milter}\nnon_smtpd_milters = inet:127.0.0.1:{guard.Milter}\nmilter_default_action "
                + $"= tempfail\n");

    private static string Untag(Guard guard) =>
        string.Create(CultureInfo.InvariantCulture, $"recipient_canonical_maps = socketmap:inet:127.0.0.1:{guard.Table}:untag\n");

    private static Task<string> SwaksAsync(string swaks, int port, string from, string to, string data) =>
        SwaksAsync(swaks, port, from, to, "--data", data);

    private static async Task<string> SwaksAsync(
        string swaks, int port, string from, string to, params string[] more) => await Tool.RunAsync(
        swaks, [
            "--server", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--from", from, "--to", to, "--ehlo",
            "client.example", .. more],
        TimeSpan.FromMinutes(1), 0, 24, 26);

    private static string Bounce(string recipient) =>
        "From: MAILER-DAEMON@y.example\\nTo: user@bench.test\\nSubject: Undelivered Mail Returned to Sender\\nMIME-Version: 1.0\\n"
        + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\\n\\n--b\\n\\nI could not deliver your "
        + "mail.\\n\\n--b\\nContent-Type: message/delivery-status\\n\\n"
        + $"Reporting-MTA: dns; y.example\\n\\nFinal-Recipient: rfc822; {recipient}\\nAction: failed\\nStatus: "
        + $"5.1.1\\n\\n--b\\nContent-Type: text/rfc822-headers\\n\\n"
        + "From: user@bench.test\\nSubject: hello\\nMessage-ID: <made-up@bench.test>\\n\\n--b--\\n";

    // The same tag with another last digit.
    private static string Other(string tagged)
    {
        var at = tagged.IndexOf("prvs=", StringComparison.Ordinal) + "prvs=".Length + 9;
        return tagged[..at] + (tagged[at] == '0' ? '1' : '0') + tagged[(at + 1)..];
    }
}
