using System.Globalization;

namespace Backstop.Interop;

/// <summary>
/// A host with two users, as the server that root starts sees it: accounts of their own in a mount namespace of its own, so that
/// nothing of this machine changes.
/// </summary>
public sealed class SeveralUsersTests
{
    private const int Alice = 61001;
    private const int Bob = 61002;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_user_has_his_own_mail_and_recipes_and_reads_no_others()
    {
        Needs.Root();
        using var folder = new TempFolder();
        var (alice, bob) = await HomesAsync(folder);
        await File.WriteAllTextAsync(Path.Combine(bob, "secret"), "bob's\n", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(alice, "rc"),
            $"""
            :0 c
            | (id -un; id -Gn; cat {bob}/secret; ls -l /proc/$PPID/fd) >who 2>&1
            :0
            * ^Subject: to bob
            {bob}/stolen/
            :0:
            * ^Subject: list
            lists

            """,
            Ct);
        await Tool.RunAsync("/bin/chown", ["-R", $"{Alice}:{Alice}", alice], Until.Bound);
        await Tool.RunAsync("/bin/chown", ["-R", $"{Bob}:{Bob}", bob], Until.Bound);
        var (smtp, web) = (Server.FreePort(), Server.FreePort());
        using var server = Start(
            folder,
            $"""
            hostname = "mx.bench.test"
            domains = ["bench.test"]
            data = "{folder["data"]}"
            [listen]
            smtp = "127.0.0.1:{smtp}"
            web = "127.0.0.1:{web}"
            [dnsbl]
            zones = []
            [mailboxes]
            "alice@bench.test" = {"{"} user = "alice", path = "{alice}/Maildir", recipes = "{alice}/rc" {"}"}
            "bob@bench.test" = {"{"} user = "bob", path = "{bob}/inbox", format = "mbox" {"}"}
            """);
        await server.WaitForLineAsync("ready", Until.Bound);
        foreach (var (to, subject) in new[] { ("alice", "list"), ("alice", "to bob"), ("bob", "one"), ("bob", "two") })
        {
            await SendAsync(smtp, to, subject);
        }

        var (maildir, list, inbox) = (Path.Combine(alice, "Maildir", "new"), Path.Combine(alice, "lists"), Path.Combine(bob, "inbox"));
        await Until.SoAsync(
            () => Directory.Exists(maildir) && Directory.GetFiles(maildir).Length == 1 && Mails(list) == 1 && Mails(inbox) == 2,
            () => server.Output);

        Assert.Equal((Alice, Alice, "600"), await OwnerAsync(Directory.GetFiles(maildir)[0]));
        Assert.Equal((Alice, Alice, "700"), await OwnerAsync(maildir));
        Assert.Equal((Alice, Alice, "600"), await OwnerAsync(list));
        Assert.Equal((Bob, Bob, "600"), await OwnerAsync(inbox));
        Assert.False(Path.Exists(Path.Combine(bob, "stolen")));

        var who = await File.ReadAllLinesAsync(Path.Combine(alice, "who"), Ct);
        Assert.Equal(["alice", "alice"], who[..2]);
        Assert.Contains("ermission denied", who[2], StringComparison.Ordinal);
        Assert.DoesNotContain(who, l => l.Contains("bob's", StringComparison.Ordinal));
        Assert.DoesNotContain(who, l => l.Contains(folder["data"], StringComparison.Ordinal));
        Assert.EndsWith("Permission denied", (await RunAsAsync(Alice, "/bin/cat", inbox)).Trim(), StringComparison.Ordinal);
        Assert.EndsWith("Permission denied", (await RunAsAsync(Bob, "/bin/cat", list)).Trim(), StringComparison.Ordinal);
        await server.StopAsync();

        // Who has ended is there until its parent has taken note of it, or init.
        await Until.SoAsync(
            () => !Directory.GetDirectories("/proc").Any(p => UserOf(p) is Alice or Bob), () => "a helper outlived the server");
    }

    [Fact]
    public async Task Without_the_rights_the_start_and_the_check_name_the_mailbox()
    {
        Needs.Root();
        using var folder = new TempFolder();
        var (alice, _) = await HomesAsync(folder);
        var config = folder["backstop.toml"];
        await File.WriteAllTextAsync(
            config,
            $$"""
            domains = ["bench.test"]
            data = "{{folder["data"]}}"
            [mailboxes]
            "alice@bench.test" = { user = "games", path = "{{alice}}/Maildir" }
            """,
            Ct);
        await Tool.RunAsync("/bin/chmod", ["-R", "a+rwX", folder.Path], Until.Bound);
        foreach (var verb in new[] { new[] { "serve", "--config", config }, ["config", "check", config] })
        {
            var said = await Tool.RunAsync(
                Needs.Program("setpriv", "util-linux"),
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", Server.Launcher, .. verb], Until.Bound, 78);
            Assert.Contains("mailboxes.alice@bench.test.user: only root can deliver as games", said, StringComparison.Ordinal);
        }
    }

    private static async Task<(string Alice, string Bob)> HomesAsync(TempFolder folder)
    {
        await Tool.RunAsync("/bin/chmod", ["711", folder.Path], Until.Bound);
        var homes = (Alice: folder["alice"], Bob: folder["bob"]);
        foreach (var home in new[] { homes.Alice, homes.Bob })
        {
            Directory.CreateDirectory(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await File.WriteAllTextAsync(
            folder["passwd"],
            await File.ReadAllTextAsync("/etc/passwd", Ct)
                + $"alice:x:{Alice}:{Alice}::{homes.Alice}:/bin/sh\nbob:x:{Bob}:{Bob}::{homes.Bob}:/bin/sh\n",
            Ct);
        await File.WriteAllTextAsync(
            folder["group"], await File.ReadAllTextAsync("/etc/group", Ct) + $"alice:x:{Alice}:\nbob:x:{Bob}:\n", Ct);
        return homes;
    }

    private static Tool Start(TempFolder folder, string config)
    {
        File.WriteAllText(folder["backstop.toml"], config);
        const string Begin = "mount --bind \"$1\" /etc/passwd && mount --bind \"$2\" /etc/group && exec \"$3\" serve --config \"$4\"";
        return Tool.Start(
            Needs.Program("unshare", "util-linux"), "--mount", "--propagation", "private", "/bin/sh", "-c", Begin, "sh", folder["passwd"],
            folder["group"], Server.Launcher, folder["backstop.toml"]);
    }

    private static async Task SendAsync(int port, string to, string subject)
    {
        using var client = await Dialog.ConnectAsync(port);
        await client.SayAsync("EHLO client.example", "250");
        await client.SayAsync("MAIL FROM:<ann@client.example>", "250");
        await client.SayAsync($"RCPT TO:<{to}@bench.test>", "250");
        await client.SayAsync("DATA", "354");
        await client.SayAsync($"Subject: {subject}\r\n\r\nfor {to}\r\n.", "250");
    }

    private static int Mails(string mbox) =>
        !File.Exists(mbox) ? 0 : File.ReadLines(mbox).Count(l => l.StartsWith("From ", StringComparison.Ordinal));

    private static async Task<(int User, int Group, string Mode)> OwnerAsync(string path)
    {
        var words = (await Tool.RunAsync("/usr/bin/stat", ["-c", "%u %g %a", path], Until.Bound)).Trim().Split(' ');
        return (int.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture), words[2]);
    }

    private static Task<string> RunAsAsync(int user, params string[] command) => Tool.RunAsync(
        Needs.Program("setpriv", "util-linux"), ["--reuid", $"{user}", "--regid", $"{user}", "--clear-groups", .. command], Until.Bound, 1);

    private static int? UserOf(string process)
    {
        try
        {
            var line = File.ReadLines(Path.Combine(process, "status")).FirstOrDefault(l => l.StartsWith("Uid:", StringComparison.Ordinal));
            return line is null ? null : int.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
