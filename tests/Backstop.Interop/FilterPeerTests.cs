using System.Diagnostics;

namespace Backstop.Interop;

/// <summary>
/// The server asks real filters: spamd, rspamd, spamassassin as a program, clamd; each is killed too, and the mail comes all the
/// same.
/// </summary>
public sealed class FilterPeerTests
{
    private const string Virus = "backstop-virus-test-string";
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    // SpamAssassin's test marker, known to rspamd too; written apart so that no filter on the way of this source takes it.
    private static string Marker => string.Concat("XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Spamd_elsewhere_is_asked()
    {
        var spamd = Needs.Peer("usr/sbin/spamd", "spamd");
        Needs.Program("spamassassin", "spamassassin");
        var port = Server.FreePort();
        using var peer = Tool.Start(
            "/usr/bin/perl", "-T", spamd, "-L", "-i", "127.0.0.1", "-p", $"{port}", "-x", "-s", "stderr", "-u", "nobody",
            "--min-children=1", "--max-children=1", "--cf=use_bayes 0");
        await peer.WaitForAsync("server started on", _limit);
        await JudgedAsync($"filter = \"spamd:127.0.0.1:{port}\"", Marker, "X-Spam-Flag: YES\n", peer);
    }

    [Fact]
    public async Task Spamassassin_as_a_program_is_asked() =>
        await JudgedAsync(
            $"filter = \"pipe:{Needs.Program("spamassassin", "spamassassin")}\"", Marker, "X-Spam-Flag: YES",
            peer: null);

    [Fact]
    public async Task Rspamd_is_asked()
    {
        var rspamd = Needs.Peer("usr/bin/rspamd", "rspamd");
        using var folder = new TempFolder();
        var (port, share) = (Server.FreePort(), Path.Combine(Needs.PeerFolder, "usr/share/rspamd"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "tld.dat"), "com\nnet\norg\ntest\nexample\n", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "rspamd.conf"),
            $$"""
            options { pidfile = "{{folder.Path}}/pid"; dns { nameserver = ["127.0.0.1"]; timeout = 0.2s; retransmits = 1; }
              tempdir = "{{folder.Path}}"; hs_cache_dir = "{{folder.Path}}";
              control_socket = "{{folder.Path}}/ctl mode=0600"; url_tld = "{{folder.Path}}/tld.dat"; filters = ""; gtube_patterns = "all"; }
            logging { type = "console"; level = "info"; }
            actions { reject = 15; add_header = 6; }
            worker "normal" { bind_socket = "127.0.0.1:{{port}}"; count = 1; }
            """,
            Ct);
        string[] variables = [
            $"LUALIBDIR={share}/lualib", $"SHAREDIR={share}", $"RULESDIR={share}/rules", $"PLUGINSDIR={share}/plugins",
            $"CONFDIR={folder.Path}", $"DBDIR={folder.Path}", $"RUNDIR={folder.Path}"];
        using var peer = Tool.Start(
            "/usr/bin/env",
            [
                $"LD_LIBRARY_PATH={Needs.PeerFolder}/usr/lib/rspamd", rspamd, "-f", "-u", "root", "-g", "root", "--insecure",
                "-c", Path.Combine(folder.Path, "rspamd.conf"), .. variables.Select(v => "--var=" + v),
            ]);
        await peer.WaitForAsync("starting normal process", _limit);
        await JudgedAsync($"filter = \"rspamd:http://127.0.0.1:{port}\"", Marker, "tests=GTUBE", peer);
    }

    [Fact]
    public async Task Clamd_is_asked_beside_the_rules()
    {
        var clamd = Needs.Peer("usr/sbin/clamd", "clamav-daemon");
        using var folder = new TempFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "db"));
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "db", "t.ndb"),
            $"Backstop-Test:0:*:{Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(Virus))}\n", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "clamd.conf"), $"DatabaseDirectory {folder.Path}/db\nLocalSocket "
                + $"{folder.Path}/clamd.sock\nForeground yes\nLogFile {folder.Path}/log\nUser root\n", Ct);
        using var peer = Tool.Start(clamd, "-c", Path.Combine(folder.Path, "clamd.conf"));
        await peer.WaitForAsync("Self checking", _limit);
        await JudgedAsync($"clamd = \"{folder.Path}/clamd.sock\"", Virus, "X-Virus-Status: Infected (Backstop-Test.UNOFFICIAL)", peer);
    }

    private static async Task JudgedAsync(string spam, string bad, string field, Tool? peer)
    {
        var swaks = Needs.Program("swaks", "swaks");
        using var folder = new TempFolder();
        // A filter that is late is not waited for: on a busy machine clamd took longer than the 5 s of the default.
        using var server = await Server.StartAsync(folder.Path, $"[spam]\nenabled = true\ntime_limit = \"4m\"\n{spam}\n");
        await SendAsync("good", "Shall we have lunch at noon?");
        await SendAsync("bad", bad);
        await server.DeliveredAsync();
        var junk = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Path.Combine(server.Maildir("user"), ".Junk", "new"))), Ct);
        Assert.Contains(field, junk, StringComparison.Ordinal);
        Assert.Contains("Subject: bad", junk, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.Combine(server.Maildir("user"), "new")));
        if (peer is null)
        {
            return;
        }

        // Without it: the next mails come at once, unscored.
        await peer.KillAsync();
        var started = Stopwatch.GetTimestamp();
        await SendAsync("after", bad);
        await server.DeliveredAsync();
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"held up for {Stopwatch.GetElapsedTime(started)}");
        Assert.Equal(2, Directory.GetFiles(Path.Combine(server.Maildir("user"), "new")).Length);

        Task SendAsync(string subject, string body) => Tool.RunAsync(
            swaks,
            ["--server", "127.0.0.1", "--port", $"{server.SmtpPort}", "--from", "ann@example.org", "--to", "user@bench.test",
                "--header", $"Subject: {subject}", "--header", "From: ann@example.org", "--body", body],
            _limit);
    }
}
