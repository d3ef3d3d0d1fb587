using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Backstop.Interop;

/// <summary>Beside the Exim of both Debian releases, with the lines that <c>backstop setup exim</c> prints.</summary>
public sealed class EximTests : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>Forged and signed addresses, and what happens when nobody answers.</summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Policy_service_is_asked_with_the_lines_that_are_printed(int release)
    {
        using var guard = await Guard.StartAsync();
        var tagged = (await guard.RunAsync("batv", "sign", "user@bench.test")).Trim();
        await WriteAsync(release, guard.Policy);
        Assert.Contains("250 Accepted", await SessionAsync(release, tagged), StringComparison.Ordinal);
        Assert.Contains(
            "550 5.7.1 This address did not send what is returned to it (batv:forged)",
            await SessionAsync(release, "prvs=0123456789=user@bench.test"), StringComparison.Ordinal);
        await WriteAsync(release, Server.FreePort());
        Assert.Contains("250 Accepted", await SessionAsync(release, "prvs=0123456789=user@bench.test"), StringComparison.Ordinal);
        Assert.Contains("550 Unrouteable", await SessionAsync(release, "prvs=0123456789=nobody@bench.test"), StringComparison.Ordinal);
    }

    /// <summary>
    /// Own mail from own senders is signed, so that its bounce comes home; a bounce, and mail that is only forwarded, leaves with the
    /// sender it has.
    /// </summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Only_own_mail_from_own_senders_is_signed(int release)
    {
        using var elsewhere = new TempFolder();
        using var other = await Server.StartAsync(elsewhere.Path);
        using var guard = await Guard.StartAsync();
        await WriteAsync(release, guard.Policy, other.SmtpPort);
        var secret = await File.ReadAllTextAsync(_folder["exim.secret"], Ct);
        await File.WriteAllTextAsync(
            Path.Combine(guard.Data, "batv.keys"), $"1 {Convert.ToHexStringLower(Encoding.ASCII.GetBytes(secret))}\n", Ct);

        // Local mail of an own sender, of a foreign one, a bounce, and what came from a stranger with an own sender and goes on.
        await SendAsync(release, "user@bench.test");
        await SendAsync(release, "bob@foreign.example");
        await SendAsync(release, "<>");
        await RunAsync(release, "-odi -bs -oMa 192.0.2.7", Dialog("user@bench.test", "goeson@bench.test"));
        await other.AcceptsAsync(4);
        var senders = Regex.Matches(other.Log, " accepted client=.* from=<(?<s>[^>]*)>", RegexOptions.ExplicitCapture, _limit)
            .Select(m => m.Groups["s"].Value).ToList();
        Assert.Matches("^prvs=1\\d{3}[0-9a-f]{6}=user@bench\\.test$", senders[0]);
        Assert.Equal(["bob@foreign.example", "", "user@bench.test"], senders[1..]);
        Assert.StartsWith("pass: user@bench.test", await guard.RunAsync("batv", "check", senders[0]), StringComparison.Ordinal);
    }

    private static string Dialog(string from, string to) =>
        $"EHLO client.example\r\nMAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\nFrom: {from}\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n";

    private Task<string> SessionAsync(int release, string recipient) =>
        RunAsync(release, "-bh 192.0.2.7", $"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<{recipient}>\r\nQUIT\r\n", 0, 1);

    private Task<string> SendAsync(int release, string from) =>
        RunAsync(release, $"-odi -f '{from}' legit@bench.test", $"From: {from}\nTo: legit@bench.test\nSubject: x\n\nx\n");

    /// <summary>A configuration as people have it, with the printed lines in their places.</summary>
    private async Task WriteAsync(int release, int policy, int next = 1)
    {
        Needs.Root();
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1ED);
        await File.WriteAllTextAsync(_folder["exim.secret"], "0123456789abcdef0123456789abcdef", Ct);
        var printed = (await Tool.RunAsync(
                Server.Launcher, ["setup", "exim", "--config", _folder["none.toml"], "--domain", "bench.test"], _limit))
            .Replace("127.0.0.1:7626", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{policy}"), StringComparison.Ordinal)
            .Replace("/etc/backstop/exim.secret", _folder["exim.secret"], StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["exim.conf"], string.Create(CultureInfo.InvariantCulture, $$"""
            {{Section(printed, "# main section").Replace("spamd_address", "# spamd_address", StringComparison.Ordinal)}}
            exim_path = {{Program(release)}}
            primary_hostname = mx.bench.test
            host_lookup =
            qualify_domain = mx.bench.test
            spool_directory = {{_folder["spool"]}}
            log_file_path = {{_folder["spool"]}}/%slog
            untrusted_set_sender = *
            acl_smtp_rcpt = acl_check_rcpt
            acl_smtp_data = accept
            begin acl
            acl_check_rcpt:
            {{Section(printed, "# acl_check_rcpt")}}
              require verify = recipient
              accept
            begin routers
            {{Section(printed, "# routers")}}
            goes_on:
              driver = redirect
              local_parts = goeson
              domains = bench.test
              data = legit@bench.test
            mailbox:
              driver = accept
              domains = bench.test
              local_parts = user
              transport = remote_smtp
            out:
              driver = manualroute
              domains = bench.test
              local_parts = legit
              route_list = * 127.0.0.1::{{next}} byname
              self = send
              transport = remote_smtp
            begin transports
            remote_smtp:
              driver = smtp
              hosts_try_fastopen =
            {{Section(printed, "# transport remote_smtp")}}

            """), Ct);
    }

    // What stands between a heading (its lines begin with #) and the next empty line.
    private static string Section(string text, string heading) =>
        string.Join(
            '\n',
            text[text.IndexOf(heading, StringComparison.Ordinal)..].Split('\n').TakeWhile(l => l.Length > 0).Where(l => !l.StartsWith('#')))
        + "\n";

    private static string Program(int release) =>
        release == 12 ? Needs.Peer("usr/sbin/exim4", "exim4-daemon-light") : "/usr/sbin/exim4";

    // Exim wants its user, and as it starts itself anew with another user's rights, libraries that the system knows: in 12 it gets
    // both in a mount namespace of its own; the unpacked 13 has them.
    private async Task<string> RunAsync(int release, string arguments, string input, params int[] exitCodes)
    {
        if (release == 13)
        {
            var exim = Program(release);
            new Debian(release).Needs(exim, "exim4-daemon-light");
            var spool = _folder["spool"];
            var inside = $"mkdir -p {spool}; chown Debian-exim {spool}; exec {exim} -C {_folder["exim.conf"]} {arguments}";
            return await Tool.RunWithAsync(
                new Dictionary<string, string>(), input, Debian.Within, [Debian.Folder, "/bin/sh", "-c", inside], _limit, exitCodes);
        }

        await File.WriteAllTextAsync(
            _folder["passwd"],
            await File.ReadAllTextAsync("/etc/passwd", Ct) + "Debian-exim:x:9925:9925::/var/spool/exim4:/usr/sbin/nologin\n", Ct);
        await File.WriteAllTextAsync(_folder["group"], await File.ReadAllTextAsync("/etc/group", Ct) + "Debian-exim:x:9925:\n", Ct);
        var script = $"/sbin/ldconfig -X -C {_folder["cache"]} {Needs.PeerFolder}/usr/lib/x86_64-linux-gnu && "
            + $"mount --bind {_folder["cache"]} /etc/ld.so.cache && mount --bind {_folder["passwd"]} /etc/passwd && "
            + $"mount --bind {_folder["group"]} /etc/group && mkdir -p "
            + $"{_folder["spool"]} && chown 9925 {_folder["spool"]} && exec {Program(release)} -C {_folder["exim.conf"]} {arguments}";
        return await Tool.RunWithAsync(
            new Dictionary<string, string>(), input, "/usr/bin/unshare", ["-m", "/bin/bash", "-c", script], _limit, exitCodes);
    }
}
