using System.Text.RegularExpressions;

namespace Backstop.Interop;

/// <summary>docs/guide: every configuration is valid, and every command is run, on a host of its own as far as it can be told.</summary>
public sealed partial class GuideTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(4);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Every page with the programs of both Debian releases.</summary>
    public static TheoryData<string, int> PagesAndReleases
    {
        get
        {
            var all = new TheoryData<string, int>();
            foreach (var page in Directory.EnumerateFiles(Folder, "*.md").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal))
            {
                all.Add(page, 12);
                all.Add(page, 13);
            }

            return all;
        }
    }

    public static TheoryData<string> Pages =>
        [.. Directory.EnumerateFiles(Folder, "*.md").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(Checkout.Root, "docs", "guide");

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Configurations_are_valid(string page)
    {
        using var folder = new TempFolder();
        foreach (var toml in await BlocksAsync(page, "toml"))
        {
            await File.WriteAllTextAsync(folder["c.toml"], toml, Ct);
            await Tool.RunAsync(Server.Launcher, ["config", "check", folder["c.toml"]], _limit);
        }
    }

    /// <summary>In mount and network namespaces with a Postfix of example.org on port 25, a Sent folder, and Backstop's folders.</summary>
    [Theory]
    [MemberData(nameof(PagesAndReleases))]
    public async Task Commands_do_what_the_page_says(string page, int release)
    {
        var commands = await BlocksAsync(page, "sh");
        if (commands.Count == 0)
        {
            // The table of contents; and pages whose words other tests run: aliases and tables, the package, fail2ban, queue, upgrade.
            Assert.Contains(
                page, (string[])["README.md", "addresses.md", "install.md", "logs.md", "queue.md", "reload.md", "several-users.md"]);
            return;
        }

        Needs.Root();
        var debian = new Debian(release);
        debian.Needs("/usr/sbin/postfix", "postfix");
        using var host = new TempFolder();

        // The first page has its configuration written by setup; that in its text is for those who want no milter.
        var writesIt = page == "postfix-dovecot.md";
        await PrepareAsync(
            host, debian, writesIt ? null : (await BlocksAsync(page, "toml")).FirstOrDefault(),
            (await BlocksAsync(page, "ini")).FirstOrDefault() ?? (await BlocksAsync("postfix-dovecot.md", "ini"))[0]);
        var root = release == 12 ? "" : Debian.Folder;
        var script = $$"""
            set -e
            ip link set lo up 2>/dev/null || ifconfig lo up
            mkdir -p {{root}}/etc/postfix
            # Backstop looks there itself; Postfix of another release in its own folder.
            mount --bind {{host["postfix"]}} /etc/postfix
            [ -z "{{root}}" ] || mount --bind {{host["postfix"]}} {{root}}/etc/postfix
            mount --bind {{host["group"]}} /etc/group
            mount -t tmpfs tmpfs /home && mkdir -p /home/you/Maildir/.Sent/cur /home/you/Maildir/.Sent/new /home/you/Maildir/.Sent/tmp
            printf 'Message-ID: <1@example.org>\nFrom: you@example.org\nTo: bob@else.example\nSubject: x\n\nx\n' \
                >/home/you/Maildir/.Sent/cur/1:2,S
            printf ':0fw: spamassassin.lock\n* < 262144\n| spamassassin\n' >/home/you/.procmailrc
            mount -t tmpfs tmpfs /opt && mkdir -p /opt/lib /opt/etc /opt/mail
            mkdir -p /var/lib/backstop /etc/backstop /etc/mail
            mount --bind /opt/lib /var/lib/backstop; mount --bind /opt/etc /etc/backstop; mount --bind {{host["mail"]}} /etc/mail
            [ ! -e {{host["c.toml"]}} ] || cp {{host["c.toml"]}} /etc/backstop/backstop.toml
            export PATH={{host["bin"]}}:$PATH
            postfix start-fg >/dev/null 2>&1 & postfix=$!
            stop() {
                postfix stop >/dev/null 2>&1 || true
                server=$(cat /opt/pid 2>/dev/null) && kill "$server" 2>/dev/null || return 0
                # The mount points go with the page: what still runs then would write beside them.
                for i in $(seq 150); do readlink "/proc/$server/exe" >/dev/null 2>&1 || return 0; sleep 0.1; done
            }
            trap stop EXIT
            for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/25) 2>/dev/null && break; sleep 0.1; done
            {{string.Join('\n', commands)}}
            echo "page done"
            """;
        string[] mountPoints = ["/var/lib/backstop", "/etc/backstop", "/etc/mail"];
        var made = mountPoints.Where(m => !Directory.Exists(m)).ToList();
        var output = await Tool.RunAsync("/usr/bin/unshare", ["-m", "-n", "/bin/bash", "-c", script], _limit, 0);
        made.ForEach(Directory.Delete);
        Assert.EndsWith("page done", output.TrimEnd(), StringComparison.Ordinal);
        if (page == "postfix-dovecot.md")
        {
            Assert.Contains("ok  a bounce to a signed address: accepted", output, StringComparison.Ordinal);
            Assert.Contains("you@example.org", output, StringComparison.Ordinal);
        }
    }

    // Programs that are not on a test machine, or must not touch it: systemctl runs the unit's command, make runs m4 as Sendmail's
    // Makefile does.
    private static async Task PrepareAsync(TempFolder host, Debian debian, string? toml, string? unit)
    {
        File.SetUnixFileMode(host.Path, (UnixFileMode)0x1ED);
        foreach (var name in new[] { "bin", "postfix", "mail", "queue", "data" })
        {
            Directory.CreateDirectory(host[name]);
        }

        await debian.RunAsync("/bin/sh", ["-c", $"chown postfix {host["data"]}; cp -r /etc/postfix/. {host["postfix"]}"]);
        await debian.EnvironmentAsync(host["bin"]);
        await File.WriteAllTextAsync(host["group"], await File.ReadAllTextAsync("/etc/group", Ct) + "Debian-exim:x:9925:\n", Ct);
        var start = unit is null
            ? ""
            : UnitCommand().Match(unit).Groups["command"].Value.Replace("/usr/local/bin/", "", StringComparison.Ordinal);
        await ProgramAsync(
            "backstop",
            $"exec {Server.Launcher} \"$@\"");
        await ProgramAsync(
            "systemctl",
            $"{start} >/opt/log 2>&1 & echo $! >/opt/pid; for i in $(seq 300); do grep -q ready /opt/log && exit 0; sleep 0.1; done; "
                + $"cat /opt/log; exit 1");
        await ProgramAsync("useradd", "exit 0");
        var (macros, m4) = MacrosOf(debian);
        await ProgramAsync(
            "make",
            $"sed 's#/usr/share/sendmail/cf#{macros}#' /etc/mail/sendmail.mc | {m4} >/etc/mail/sendmail.cf && grep -q Xbackstop "
                + $"/etc/mail/sendmail.cf");
        await File.WriteAllTextAsync(
            host["mail/sendmail.mc"],
            "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`linux')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n", Ct);
        if (toml is not null)
        {
            await File.WriteAllTextAsync(host["c.toml"], toml, Ct);
        }

        await File.WriteAllTextAsync(host["postfix/main.cf"], Postfix.Ground(host, "log", "mx.example.org") + $"""
            smtpd_relay_restrictions = reject_unauth_destination
            recipient_delimiter = +
            virtual_mailbox_domains = example.org
            virtual_mailbox_maps = inline:{"{ you@example.org=you/ }"}
            virtual_transport = discard:

            """, Ct);
        await File.WriteAllTextAsync(host["postfix/master.cf"], """
            smtp inet n - n - 100 smtpd
            submission inet n - n - 10 smtpd
            pickup unix n - n 60 1 pickup
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            proxymap unix - - n - - proxymap
            error unix - - n - - error
            retry unix - - n - - error
            discard unix - - n - - discard
            anvil unix - - n - 1 anvil
            postlog unix-dgram n - n - 1 postlogd

            """, Ct);

        async Task ProgramAsync(string name, string body)
        {
            await File.WriteAllTextAsync(host["bin/" + name], $"#!/bin/bash\n{body}\n", Ct);
            File.SetUnixFileMode(host["bin/" + name], (UnixFileMode)0x1ED);
        }
    }

    // Sendmail's macros, and the program that reads them.
    private static (string Macros, string M4) MacrosOf(Debian debian)
    {
        if (debian.Release == 12)
        {
            var file = Needs.Peer("usr/share/sendmail/cf/m4/cf.m4", "sendmail-cf");
            return (Path.GetDirectoryName(Path.GetDirectoryName(file))!, Needs.Peer("usr/bin/m4", "m4"));
        }

        debian.Needs("/usr/share/sendmail/cf/m4/cf.m4", "sendmail-cf");
        return ("/usr/share/sendmail/cf", $"{Debian.Within} {Debian.Folder} /usr/bin/m4");
    }

    private static async Task<List<string>> BlocksAsync(string page, string language) =>
        [.. Block().Matches(await File.ReadAllTextAsync(
            Path.Combine(Folder, page), Ct)).Where(m => m.Groups["language"].Value == language).Select(m => m.Groups["text"].Value)];

    [GeneratedRegex("(?ms)^```(?<language>[a-z]*)\n(?<text>.*?)^```$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Block();

    [GeneratedRegex("(?m)^ExecStart=(?<command>.*)$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex UnitCommand();
}
