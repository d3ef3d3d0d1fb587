using System.Globalization;

namespace Backstop.Interop;

/// <summary><c>backstop setup</c> with the servers whose files it reads, writes and prints.</summary>
public sealed class SetupTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>In, tried, and out again; what others have there stays.</summary>
    [Fact]
    public async Task Postfix_gets_the_milter_is_tried_and_loses_it_again()
    {
        using var folder = new TempFolder();
        using var postfix = await Postfix.StartAsync(
            folder["mail"], "recipient_delimiter = +\nnon_smtpd_milters = inet:127.0.0.1:1\nmilter_default_action = tempfail\n");
        var before = await File.ReadAllTextAsync(Path.Combine(postfix.ConfigFolder, "main.cf"), Ct);
        var config = folder["backstop.toml"];
        string[] common = ["setup", "postfix", "--config-dir", postfix.ConfigFolder, "--config", config];
        var printed = await Tool.RunAsync(Server.Launcher, common, _limit);
        Assert.Contains("domains = [\"bench.test\"]", printed, StringComparison.Ordinal);
        Assert.Contains("\nsmtpd_milters = inet:127.0.0.1:7625\n", printed, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(postfix.ConfigFolder, "main.cf"), Ct));

        await Tool.RunAsync(Server.Launcher, [.. common, "--apply"], _limit);
        Assert.Equal("inet:127.0.0.1:1, inet:127.0.0.1:7625", await PostconfAsync(postfix, "-h", "non_smtpd_milters"));
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(postfix.ConfigFolder, "main.cf.before-backstop"), Ct));
        Assert.Contains("all lines are there", await Tool.RunAsync(Server.Launcher, common, _limit), StringComparison.Ordinal);

        // The configuration that was written, with a data folder of the test's own.
        var text = (await File.ReadAllTextAsync(config, Ct)).Replace("/var/lib/backstop", folder["data"], StringComparison.Ordinal)
            .Replace("127.0.0.1:8025", $"127.0.0.1:{Server.FreePort()}", StringComparison.Ordinal);
        await File.WriteAllTextAsync(config, text, Ct);
        await Tool.RunAsync(Server.Launcher, ["batv", "new-key", "--config", config], _limit);
        using (var guard = Tool.Start(Server.Launcher, "serve", "--config", config))
        {
            await guard.WaitForLineAsync("ready", _limit);
            string[] check = [
                .. common, "--check", "--smtp", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{postfix.Port}"), "--recipient",
                "user@bench.test"];
            var report = await Tool.RunAsync(Server.Launcher, check, _limit);
            Assert.Contains("ok  a bounce to a signed address: accepted", report, StringComparison.Ordinal);
            Assert.Contains("ok  a bounce to an address with a forged signature: 550 5.7.1", report, StringComparison.Ordinal);
            Assert.Contains("(batv:forged)", report, StringComparison.Ordinal);
        }

        await Tool.RunAsync(
            "/usr/sbin/postconf", ["-c", postfix.ConfigFolder, "-e", "smtpd_milters=inet:127.0.0.1:7625, inet:127.0.0.1:2"], _limit);
        await Tool.RunAsync(Server.Launcher, [.. common, "--undo"], _limit);
        Assert.Equal("inet:127.0.0.1:2", await PostconfAsync(postfix, "-h", "smtpd_milters"));
        Assert.Equal("inet:127.0.0.1:1", await PostconfAsync(postfix, "-h", "non_smtpd_milters"));
        Assert.Contains(
            "nothing of Backstop was found", await Tool.RunAsync(Server.Launcher, [.. common, "--undo"], _limit),
            StringComparison.Ordinal);
    }

    /// <summary>As the guide says.</summary>
    [Theory]
    [InlineData(12, "tempfail")]
    [InlineData(13, "shutdown")]
    public async Task Postfix_without_its_milter_does_this_by_default(int release, string action)
    {
        var debian = new Debian(release);
        debian.Needs("/usr/sbin/postconf", "postfix");
        Assert.EndsWith(
            "milter_default_action = " + action, await debian.RunAsync("/usr/sbin/postconf", ["-d", "milter_default_action"]),
            StringComparison.Ordinal);
    }

    /// <summary>By the printed lines, each in its Dovecot, what Backstop has marked is filed, and other mail is not.</summary>
    [Theory]
    [InlineData(12, "# Dovecot 2.3 (Debian 12)")]
    [InlineData(13, "Dovecot 2.4 (Debian 13)")]
    public async Task Dovecot_files_what_is_marked_by_the_printed_lines(int release, string heading)
    {
        Needs.Program("sievec", "dovecot-sieve");
        var printed = await Tool.RunAsync(Server.Launcher, ["setup", "dovecot"], _limit);
        using var dovecot = await DovecotLmtp.StartAsync(release, d =>
        {
            File.WriteAllText(d["backstop.sieve"], printed[printed.IndexOf("require [", StringComparison.Ordinal)..]);
            var plugin = release == 12 ? "mail_plugins = sieve" : "mail_plugins {\n  sieve = yes\n}";
            return $"protocol lmtp {{\n{plugin}\n}}\n"
                + Paragraph(printed, heading).Replace("/etc/dovecot/backstop.sieve", d["backstop.sieve"], StringComparison.Ordinal);
        });
        using var client = await Dialog.ConnectAsync(dovecot.Port);
        await client.SayAsync("LHLO client.example", "250");
        foreach (var field in new[] { "X-Backstop: file; reason=bounce:unproved", "X-Other: 1" })
        {
            await client.SayAsync("MAIL FROM:<ann@client.example>", "250");
            await client.SayAsync("RCPT TO:<user@bench.test>", "250");
            await client.SayAsync("DATA", "354");
            await client.SayAsync($"{field}\r\nSubject: x\r\n\r\nx\r\n.", "250");
        }

        Assert.Contains("X-Backstop: ", await OnlyMailAsync(".Backscatter/new"), StringComparison.Ordinal);
        Assert.Contains("X-Other: ", await OnlyMailAsync("new"), StringComparison.Ordinal);

        Task<string> OnlyMailAsync(string place) =>
            File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Path.Combine(dovecot.Maildir("user"), place))), Ct);
    }

    // The lines below a heading, up to the next empty one.
    private static string Paragraph(string text, string heading) =>
        string.Join(
            '\n',
            text.Split('\n').SkipWhile(l => !l.Contains(heading, StringComparison.Ordinal)).Skip(1).TakeWhile(l => l.Length > 0)) + "\n";

    [Fact]
    public async Task Sendmail_mc_gets_the_filter_and_loses_it_again()
    {
        using var folder = new TempFolder();
        const string mc = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`debian')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n";
        await File.WriteAllTextAsync(folder["sendmail.mc"], mc, Ct);
        string[] common = ["setup", "sendmail", "--config-dir", folder.Path, "--config", folder["backstop.toml"]];
        await Tool.RunAsync(Server.Launcher, [.. common, "--apply"], _limit);
        await Tool.RunAsync(Server.Launcher, [.. common, "--apply"], _limit);
        var written = await File.ReadAllTextAsync(folder["sendmail.mc"], Ct);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(
            written, "INPUT_MAIL_FILTER\\(`backstop'", System.Text.RegularExpressions.RegexOptions.None, _limit));
        Assert.True(
            written.IndexOf("INPUT_MAIL_FILTER", StringComparison.Ordinal) < written.IndexOf("MAILER(`local'", StringComparison.Ordinal));
        await Tool.RunAsync(Server.Launcher, [.. common, "--undo"], _limit);
        Assert.Equal(mc, await File.ReadAllTextAsync(folder["sendmail.mc"], Ct));
    }

    /// <summary>The lines that are printed, in a real Exim: forged and signed addresses, and what happens when nobody answers.</summary>
    [Fact]
    public async Task Exim_asks_the_policy_service_with_the_lines_that_are_printed()
    {
        Needs.Root();
        var exim = Needs.Peer("usr/sbin/exim4", "exim4-daemon-light");
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync();
        var printed = await Tool.RunAsync(Server.Launcher, ["setup", "exim", "--config", folder["backstop.toml"]], _limit);
        var acl = printed[
            printed.IndexOf("  warn\n", StringComparison.Ordinal)..printed.IndexOf("# acl_check_data", StringComparison.Ordinal)];
        var tagged = (await guard.RunAsync("batv", "sign", "user@bench.test")).Trim();
        Assert.Contains("250 Accepted", await SessionAsync(guard.Policy, tagged), StringComparison.Ordinal);
        Assert.Contains(
            "550 5.7.1 This address did not send what is returned to it (batv:forged)",
            await SessionAsync(guard.Policy, "prvs=0123456789=user@bench.test"), StringComparison.Ordinal);
        Assert.Contains("250 Accepted", await SessionAsync(Server.FreePort(), "prvs=0123456789=user@bench.test"), StringComparison.Ordinal);

        // -bh: a session on standard input, with all its checks, delivering nothing.
        async Task<string> SessionAsync(int port, string recipient)
        {
            var lines = acl.Replace(
                "127.0.0.1:7626", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), StringComparison.Ordinal);
            await File.WriteAllTextAsync(
                folder["exim.conf"],
                $"primary_hostname = mx.bench.test\nhost_lookup =\nacl_smtp_rcpt = acl_check_rcpt\nbegin "
                    + $"acl\nacl_check_rcpt:\n{lines}\n  accept\n",
                Ct);
            await File.WriteAllTextAsync(
                folder["passwd"],
                await File.ReadAllTextAsync("/etc/passwd", Ct) + "Debian-exim:x:9925:9925::/var/spool/exim4:/usr/sbin/nologin\n", Ct);
            await File.WriteAllTextAsync(folder["group"], await File.ReadAllTextAsync("/etc/group", Ct) + "Debian-exim:x:9925:\n", Ct);
            var script = $"mount --bind {folder["passwd"]} /etc/passwd && mount --bind {folder["group"]} /etc/group && exec {exim} -C "
                + $"{folder["exim.conf"]} -bh 192.0.2.7";
            return await Tool.RunWithAsync(
                new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = Path.Combine(Needs.PeerFolder, "usr/lib/x86_64-linux-gnu") },
                $"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<{recipient}>\r\nQUIT\r\n", "/usr/bin/unshare", [
                    "-m", "/bin/bash", "-c", script], _limit, 0, 1);
        }
    }

    private static async Task<string> PostconfAsync(Postfix postfix, params string[] arguments) =>
        (await Tool.RunAsync("/usr/sbin/postconf", ["-c", postfix.ConfigFolder, .. arguments], _limit)).Trim();
}
