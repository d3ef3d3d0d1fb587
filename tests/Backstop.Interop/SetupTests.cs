namespace Backstop.Interop;

/// <summary><c>backstop setup</c> with the servers whose files it reads, writes and prints.</summary>
public sealed class SetupTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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
        using var guard = await Guard.StartAsync("batv.form = \"detail\"");
        string[] common = ["setup", "sendmail", "--config-dir", folder.Path, "--config", guard.Config];
        await guard.KillAsync();
        Assert.Contains(
            "Sendmail was not changed", await Tool.RunAsync(Server.Launcher, [.. common, "--apply"], _limit, 69), StringComparison.Ordinal);
        Assert.Equal(mc, await File.ReadAllTextAsync(folder["sendmail.mc"], Ct));
        await guard.StartAsync();
        var applied = await Tool.RunAsync(Server.Launcher, [.. common, "--apply"], _limit);
        Assert.Contains($"backstop setup sendmail --undo --config-dir {folder.Path}", applied, StringComparison.Ordinal);
        await Tool.RunAsync(Server.Launcher, [.. common, "--apply"], _limit);
        var written = await File.ReadAllTextAsync(folder["sendmail.mc"], Ct);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(
            written, "INPUT_MAIL_FILTER\\(`backstop'", System.Text.RegularExpressions.RegexOptions.None, _limit));
        Assert.Contains(
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"S=inet:{guard.Milter}@127.0.0.1,"), written,
            StringComparison.Ordinal);
        Assert.True(
            written.IndexOf("INPUT_MAIL_FILTER", StringComparison.Ordinal) < written.IndexOf("MAILER(`local'", StringComparison.Ordinal));
        await Tool.RunAsync(Server.Launcher, [.. common, "--undo"], _limit);
        Assert.Equal(mc, await File.ReadAllTextAsync(folder["sendmail.mc"], Ct));
    }
}
