using System.Globalization;

namespace Backstop.Interop;

/// <summary>
/// A Sendmail of the test's own: made by m4 from a .mc as its users write it, with our milter, a queue and ports of its own;
/// delivers into Maildirs.
/// </summary>
internal sealed class Sendmail : IDisposable
{
    private readonly TempFolder _folder = new();
    private Tool? _daemon;

    /// <summary>Where strangers deliver.</summary>
    public int Port { get; } = Server.FreePort();

    /// <summary>Where users send.</summary>
    public int Submission { get; } = Server.FreePort();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<Sendmail> StartAsync(string mail, int milter)
    {
        Needs.Root();
        var program = Needs.Peer("usr/libexec/sendmail/sendmail", "sendmail-bin");
        var m4 = Needs.Peer("usr/bin/m4", "m4");
        var macros = Needs.Peer("usr/share/sendmail/cf/m4/cf.m4", "sendmail-cf");
        var sendmail = new Sendmail();
        await sendmail.WriteAsync(mail, milter, macros);
        var folder = sendmail._folder.Path;
        await Tool.RunAsync("/bin/sh", ["-c", $"{m4} {folder}/sendmail.mc >{folder}/sendmail.cf"], Until.Bound);

        // It wants a host name with a dot and asks DNS for clients: both come from a hosts file in a mount namespace of its own.
        var script = $"mount --bind {folder}/hosts /etc/hosts; [ ! -e /etc/resolv.conf ] || mount --bind {folder}/resolv "
            + $"/etc/resolv.conf; exec {program} -C {folder}/sendmail.cf -bD -q1s";
        sendmail._daemon = Tool.Start("/usr/bin/unshare", "-m", "/bin/sh", "-c", script);
        await Until.ListensAsync(sendmail.Port, sendmail._daemon);
        return sendmail;
    }

    /// <summary>Waits until all mail has left the queue.</summary>
    public Task EmptyAsync() => Until.SoAsync(
        () => !Directory.EnumerateFiles(_folder["queue"]).Any(),
        // Their contents are locked while Sendmail works on them.
        () => "mail stays in the queue: " + string.Join(' ', Directory.EnumerateFiles(_folder["queue"]).Take(6)));

    public void Dispose()
    {
        _daemon?.Dispose();
        _folder.Dispose();
    }

    private async Task WriteAsync(string mail, int milter, string macros)
    {
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1ED);
        Directory.CreateDirectory(_folder["queue"]);
        foreach (var user in new[] { "victim", "legit", "user" })
        {
            foreach (var part in new[] { "new", "cur", "tmp" })
            {
                Directory.CreateDirectory(Path.Combine(mail, $"{user}@bench.test", "Maildir", part));
            }
        }

        // Its mailer runs as nobody in particular.
        await Tool.RunAsync(
            "/bin/sh",
            ["-c", $"chmod -R a+rwX {mail}; d={mail}; while [ $d != /tmp ] && [ $d != / ]; do chmod a+rx $d; d=$(dirname $d); done"],
            Until.Bound);
        await File.WriteAllTextAsync(_folder["none"], "", Ct);
        await File.WriteAllTextAsync(_folder["hosts"], $"127.0.0.1 mx.bench.test localhost {Environment.MachineName}\n", Ct);
        await File.WriteAllTextAsync(_folder["resolv"], "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", Ct);
        await File.WriteAllTextAsync(_folder["switch"], "hosts files\n", Ct);
        await File.WriteAllTextAsync(
            _folder["deliver"],
            $"#!/bin/sh\nbox={mail}/${{1%%+*}}@bench.test/Maildir\nname=$$.$(date +%s%N)\ncat >$box/tmp/$name && mv $box/tmp/$name "
                + $"$box/new/$name\n", Ct);
        File.SetUnixFileMode(_folder["deliver"], (UnixFileMode)0x1ED);
        await File.WriteAllTextAsync(_folder["sendmail.mc"], string.Create(CultureInfo.InvariantCulture, $$"""
            include(`{{macros}}')dnl
            OSTYPE(`linux')dnl
            define(`confPID_FILE', `{{_folder["pid"]}}')dnl
            define(`QUEUE_DIR', `{{_folder["queue"]}}')dnl
            define(`STATUS_FILE', `{{_folder["none"]}}')dnl
            define(`confDOMAIN_NAME', `mx.bench.test')dnl
            define(`confSERVICE_SWITCH_FILE', `{{_folder["switch"]}}')dnl
            define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,RunProgramInUnsafeDirPath')dnl
            define(`confTO_IDENT', `0')dnl
            define(`confQUEUE_LA', `1000')dnl
            define(`confREFUSE_LA', `1000')dnl
            define(`confDELAY_LA', `1000')dnl
            define(`confCT_FILE', `{{_folder["none"]}}')dnl
            define(`confCW_FILE', `{{_folder["none"]}}')dnl
            FEATURE(`no_default_msa')dnl
            FEATURE(`accept_unresolvable_domains')dnl
            FEATURE(`nocanonify')dnl
            DAEMON_OPTIONS(`Family=inet, Name=MTA, Port={{Port}}, Addr=127.0.0.1')dnl
            DAEMON_OPTIONS(`Family=inet, Name=ORIGINATING, Port={{Submission}}, Addr=127.0.0.1')dnl
            INPUT_MAIL_FILTER(`backstop', `S=inet:{{milter}}@127.0.0.1, F=T, T=C:30s;S:30s;R:30s;E:5m')dnl
            define(`LOCAL_MAILER_PATH', `{{_folder["deliver"]}}')dnl
            define(`LOCAL_MAILER_ARGS', `deliver $u')dnl
            define(`LOCAL_MAILER_FLAGS', `lsDFMPhn')dnl
            MODIFY_MAILER_FLAGS(`LOCAL', `-Aw')dnl
            MAILER(`local')dnl
            MAILER(`smtp')dnl
            LOCAL_CONFIG
            Cw bench.test

            """), Ct);
    }
}
