using System.Globalization;

namespace Backstop.Interop;

/// <summary>
/// A Postfix of the test's own, with folders, queue and ports of its own: an MX for bench.test that delivers into Maildirs, and a
/// submission port.
/// </summary>
internal sealed class Postfix : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Debian _debian;
    private Tool? _master;

    private Postfix(Debian debian) => _debian = debian;

    /// <summary>Where strangers deliver.</summary>
    public int Port { get; } = Server.FreePort();

    /// <summary>Where users of bench.test send.</summary>
    public int Submission { get; } = Server.FreePort();

    /// <summary>A further port for further listeners.</summary>
    public int Reinject { get; } = Server.FreePort();

    public string Log => File.Exists(_folder["postfix.log"]) ? File.ReadAllText(_folder["postfix.log"]) : "";

    public string ConfigFolder => _folder["conf"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts the server and waits until it listens.</summary>
    /// <param name="mail">Where the Maildirs lie: ADDRESS/Maildir.</param>
    /// <param name="main">Further lines of main.cf.</param>
    /// <param name="mx">Further options of the listener for strangers.</param>
    /// <param name="master">Further lines of master.cf.</param>
    /// <param name="release">The Debian release whose Postfix it is.</param>
    public static async Task<Postfix> StartAsync(
        string mail, string main = "", string mx = "", Func<Postfix, string>? master = null, int release = 12)
    {
        Needs.Root();
        var postfix = new Postfix(new(release));
        postfix._debian.Needs("/usr/sbin/postfix", "postfix");
        await postfix.WriteAsync(mail, main, mx, master?.Invoke(postfix) ?? "");
        postfix._master = postfix._debian.Start("/usr/sbin/postfix", "-c", postfix.ConfigFolder, "start-fg");
        await Until.ListensAsync(postfix.Port, postfix._master, () => postfix.Log);
        return postfix;
    }

    /// <summary>Waits until all mail has left the queue.</summary>
    public Task EmptyAsync() => Until.SoAsync(
        () => !Directory.EnumerateFiles(
            _folder["queue"], "*", SearchOption.AllDirectories).Any(IsQueued), () => $"mail stays in the queue:\n{Log}");

    public void Dispose()
    {
        if (_master is not null)
        {
            _debian.RunAsync("/usr/sbin/postfix", ["-c", ConfigFolder, "stop"], 0, 1).GetAwaiter().GetResult();
            _master.Dispose();
        }

        _folder.Dispose();
    }

    private static bool IsQueued(string file) =>
        file.Split('/') is [.., var a, var b, _]
            && (a is "deferred" or "active" or "incoming" or "maildrop" or "hold" || b is "active" or "incoming" or "maildrop" or "hold");

    /// <summary>The lines of main.cf that every Postfix of a test needs: all it has lies in a folder of its own, on this host.</summary>
    /// <param name="folder">The folder, with <c>queue</c> and <c>data</c> in it.</param>
    /// <param name="log">The name of its log there.</param>
    /// <param name="name">The name of the host.</param>
    internal static string Ground(TempFolder folder, string log, string name) => $"""
        compatibility_level = 3.6
        queue_directory = {folder["queue"]}
        data_directory = {folder["data"]}
        maillog_file = {folder[log]}
        maillog_file_prefixes = {folder.Path}
        command_directory = /usr/sbin
        daemon_directory = /usr/lib/postfix/sbin
        mail_owner = postfix
        setgid_group = postdrop
        myhostname = {name}
        mydestination =
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        smtpd_peername_lookup = no
        alias_maps =
        alias_database =

        """;

    private async Task WriteAsync(string mail, string main, string mx, string master)
    {
        // Its daemons run as users of their own and must reach their folders.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1ED);
        foreach (var name in new[] { "conf", "queue", "data" })
        {
            Directory.CreateDirectory(_folder[name]);
        }

        string[] users = ["victim", "legit", "user"];
        foreach (var user in users)
        {
            Directory.CreateDirectory(Path.Combine(mail, $"{user}@bench.test", "Maildir"));
        }

        // Its number differs from release to release.
        await _debian.RunAsync("/bin/chown", ["postfix", _folder["data"]]);
        await Tool.RunAsync(
            "/bin/sh",
            ["-c", $"chown -R nobody {mail}; d={mail}; while [ $d != /tmp ] && [ $d != / ]; do chmod a+rx $d; d=$(dirname $d); done"],
            Until.Bound);
        await File.WriteAllTextAsync(_folder["conf/main.cf"], Main(mail, users) + main.ReplaceLineEndings("\n") + "\n", Ct);
        await File.WriteAllTextAsync(_folder["conf/master.cf"], Master(mx) + master.ReplaceLineEndings("\n") + "\n", Ct);
    }

    private string Main(string mail, string[] users) => Ground(_folder, "postfix.log", "mx.bench.test") + $$"""
        mynetworks = 127.0.0.0/8
        virtual_mailbox_domains = bench.test
        virtual_mailbox_base = {{mail}}
        virtual_mailbox_maps = inline:{ {{string.Join(", ", users.Select(u => $"{u}@bench.test={u}@bench.test/Maildir/"))}} }
        virtual_minimum_uid = 1
        virtual_uid_maps = static:65534
        virtual_gid_maps = static:65534
        smtpd_client_connection_count_limit = 0
        minimal_backoff_time = 1s
        maximal_backoff_time = 2s
        queue_run_delay = 1s

        """;

    private string Master(string mx)
    {
        var services = """
            pickup unix n - n 60 1 pickup
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            verify unix - - n - 1 verify
            proxymap unix - - n - - proxymap
            smtp unix - - n - - smtp
            error unix - - n - - error
            retry unix - - n - - error
            discard unix - - n - - discard
            virtual unix - n n - - virtual
            lmtp unix - - n - - lmtp
            anvil unix - - n - 1 anvil
            postlog unix-dgram n - n - 1 postlogd
            showq unix n - n - - showq

            """;
        return string.Create(CultureInfo.InvariantCulture, $"""
            127.0.0.1:{Port} inet n - n - 100 smtpd
              -o smtpd_relay_restrictions=reject_unauth_destination
              {mx}
            127.0.0.1:{Submission} inet n - n - 100 smtpd
              -o smtpd_relay_restrictions=permit_mynetworks,reject
              -o milter_macro_daemon_name=ORIGINATING

            """) + services;
    }
}
