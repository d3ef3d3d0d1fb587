using MailKit;
using MimeKit;

namespace Backstop.Interop;

/// <summary><c>journal import</c> from a real Dovecot, and from Maildir and mbox, again and again.</summary>
public sealed class ImportTests
{
    private static readonly TimeSpan _limit = Until.Bound;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Imap_folder_is_read_once_and_then_only_what_is_new()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        MakeMaildir(folder["mail"]);
        await Dovecot.OwnAsync(folder["mail"]);
        using var dovecot = await Dovecot.StartAsync(folder, folder["mail"]);
        await SendAsync(dovecot, 0, 700);

        // The Sent folder is called Outgoing: only SPECIAL-USE tells. Encrypted from the start, and through STARTTLS.
        var tls = $"imaps://me@example.org@localhost:{dovecot.TlsPort}";
        Assert.Contains("700 messages, 700 new", await ImportAsync(folder, dovecot, tls), StringComparison.Ordinal);
        await SendAsync(dovecot, 700, 30);
        Assert.Contains("30 messages since the last import, 30 new", await ImportAsync(folder, dovecot, tls), StringComparison.Ordinal);
        Assert.Contains("0 messages since the last import, 0 new", await ImportAsync(folder, dovecot, tls), StringComparison.Ordinal);
        Assert.Contains(
            "730 messages, 0 new", await ImportAsync(folder, dovecot, $"imap://me@localhost:{dovecot.Port}/Outgoing", "--all"),
            StringComparison.Ordinal);
        Assert.Contains(
            "\"messages\":730", await RunAsync(0, "journal", "stats", "--json", "--data", folder["d"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Imap_failures_say_what_to_do()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        using var dovecot = await Dovecot.StartAsync(folder, folder["mail"]);
        var url = $"imaps://me@localhost:{dovecot.TlsPort}";
        var import = new[] { "journal", "import", "--data", folder["d"] };
        Assert.Contains(
            "its certificate is not trusted; to trust it, name its CA with --ca FILE",
            await WithPasswordAsync(Dovecot.Password, 69, [.. import, url]),
            StringComparison.Ordinal);
        var refused = await WithPasswordAsync("wrong-secret", 69, [.. import, url, "--ca", dovecot.Certificate]);
        Assert.Contains("refused the login of me", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret", refused, StringComparison.Ordinal);
        Assert.Contains(
            "no such folder: Nowhere",
            await WithPasswordAsync(Dovecot.Password, 66, [.. import, url + "/Nowhere", "--ca", dovecot.Certificate]),
            StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["empty.pem"], "no certificate\n", Ct);
        Assert.Contains(
            "no certificate found", await WithPasswordAsync(Dovecot.Password, 65, [.. import, url, "--ca", folder["empty.pem"]]),
            StringComparison.Ordinal);
        Assert.Contains("BACKSTOP_IMAP_PASSWORD", await WithPasswordAsync("", 64, [.. import, url]), StringComparison.Ordinal);
        Assert.Contains("the user is missing", await WithPasswordAsync("", 64, [.. import, "imaps://localhost"]), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "hunter2", await WithPasswordAsync("", 64, [.. import, "imaps://me:hunter2@localhost"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Oauth_token_from_the_environment_logs_in()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        MakeMaildir(folder["mail"]);
        await Dovecot.OwnAsync(folder["mail"]);
        using var issuer = new TokenIssuer("me", "good-token");
        using var dovecot = await Dovecot.StartAsync(folder, folder["mail"], issuer.Url);
        string[] import = [
            "journal", "import", "--data", folder["d"], "--ca", dovecot.Certificate, $"imaps://me@localhost:{dovecot.TlsPort}/INBOX"];
        Assert.Contains("0 messages, 0 new", await WithTokenAsync("good-token", 0, import), StringComparison.Ordinal);
        var refused = await WithTokenAsync("stolen-token", 69, import);
        Assert.Contains("refused the login of me", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("stolen-token", refused, StringComparison.Ordinal);
    }

    /// <summary>As password managers give it: the first line that the command prints.</summary>
    [Fact]
    public async Task Password_may_come_from_a_command()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        MakeMaildir(folder["mail"]);
        await Dovecot.OwnAsync(folder["mail"]);
        using var dovecot = await Dovecot.StartAsync(folder, folder["mail"]);
        string[] import = [
            "journal", "import", "--data", folder["d"], "--ca", dovecot.Certificate, $"imaps://me@localhost:{dovecot.TlsPort}/INBOX"];
        Assert.Contains(
            "0 messages, 0 new", await WithCommandAsync($"printf '{Dovecot.Password}\\nuser: me\\n'", 0, import),
            StringComparison.Ordinal);
        Assert.Contains("refused the login of me", await WithCommandAsync("echo wrong-secret", 69, import), StringComparison.Ordinal);
        var failed = await WithCommandAsync("echo wrong-secret; exit 3", 69, import);
        Assert.Contains("BACKSTOP_IMAP_PASSWORD_COMMAND: the command ended with exit code 3", failed, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret", failed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Password_is_asked_for_at_a_terminal()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        MakeMaildir(folder["mail"]);
        await Dovecot.OwnAsync(folder["mail"]);
        using var dovecot = await Dovecot.StartAsync(folder, folder["mail"]);
        var command = $"{Server.Launcher} journal import --data {folder["d"]} --ca {dovecot.Certificate} "
            + $"imaps://me@localhost:{dovecot.TlsPort}/INBOX";
        var environment = new Dictionary<string, string> { ["TERM"] = "xterm" };
        var output = await Tool.RunWithAsync(
            environment, Dovecot.Password + "\n", "/usr/bin/script", ["-qec", command, "/dev/null"], _limit);
        Assert.Contains("Password of me at localhost: ******", output, StringComparison.Ordinal);
        Assert.Contains("0 messages, 0 new", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maildir_is_read_on_from_where_it_was()
    {
        using var folder = new TempFolder();
        MakeMaildir(folder["sent"]);

        await File.WriteAllTextAsync(folder["sent/cur/1:2,S"], "From: me@example.org\nMessage-ID: <1@example.org>\n\nx\n", Ct);
        await File.WriteAllTextAsync(folder["older"], "From: me@example.org\nMessage-ID: <2@example.org>\n\nx\n", Ct);
        File.SetLastWriteTimeUtc(folder["older"], new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        // A file may change in the second that it is read, so the last two seconds are read again.
        await Task.Delay(TimeSpan.FromSeconds(4), Ct);
        Assert.Contains(
            "1 messages, 1 new", await RunAsync(0, "journal", "import", "--data", folder["d"], folder["sent"]), StringComparison.Ordinal);
        Assert.Contains(
            "0 messages since the last import, 0 new", await RunAsync(0, "journal", "import", "--data", folder["d"], folder["sent"]),
            StringComparison.Ordinal);

        // Moved in from elsewhere: its content is old, its place is new.
        File.Move(folder["older"], folder["sent/cur/2:2,S"]);
        Assert.Contains(
            "1 messages since the last import, 1 new", await RunAsync(0, "journal", "import", "--data", folder["d"], folder["sent"]),
            StringComparison.Ordinal);
        Assert.Contains(
            "2 messages, 0 new", await RunAsync(0, "journal", "import", "--all", "--data", folder["d"], folder["sent"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stamped_message_comes_back_in_a_bounce_and_proves_it()
    {
        using var folder = new TempFolder();
        var message = "From: Me <me@example.org>\r\nTo: you@example.com\r\nSubject: hello\r\n\r\nhi\r\n";
        Assert.Contains("make one with", await RunAsync(66, "journal", "stamp", "--data", folder["d"]), StringComparison.Ordinal);
        await RunAsync(0, "batv", "new-key", "--data", folder["d"]);
        var stamped = await Tool.RunWithAsync(
            new Dictionary<string, string>(), message, Server.Launcher, ["journal", "stamp", "--data", folder["d"]], _limit);
        Assert.Matches(
            "^X-Backstop-Sent: bs0\\.[0-9]+\\.[a-z2-7]{16}\r?\nMessage-ID: "
                + "<bs0\\.[0-9]+\\.[a-z2-7]{12}\\.[a-z2-7]{16}@example\\.org>\r?\nFrom: Me",
            stamped);

        // The journal is lost; keys and bounce are enough.
        File.Delete(folder["d/journal.db"]);
        await RunAsync(0, "journal", "stats", "--data", folder["d"]);
        var bounce = "Return-Path: <>\nDelivered-To: me@example.org\nFrom: MAILER-DAEMON@mail4.example.net\nSubject: failure "
            + "notice\n\nHi. This is the qmail-send program.\n<you@example.com>:\n550 no\n\n--- Below this line is a copy of the "
            + "message.\n\nReturn-Path: <me@example.org>\n"
            + stamped.ReplaceLineEndings("\n");
        await File.WriteAllTextAsync(folder["bounce"], bounce, Ct);
        Assert.Contains(
            "\"reason\":\"signed-id:pass\"", await RunAsync(0, "explain", "--json", "--journal", folder["d"], folder["bounce"]),
            StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            folder["bounce"], bounce.Replace("@example.org>\nFrom", "x@example.org>\nFrom", StringComparison.Ordinal), Ct);
        Assert.Contains(
            "\"reason\":\"signed-id:forged\"", await RunAsync(1, "explain", "--json", "--journal", folder["d"], folder["bounce"]),
            StringComparison.Ordinal);
    }

    private static void MakeMaildir(string path)
    {
        foreach (var part in new[] { "new", "cur", "tmp" })
        {
            Directory.CreateDirectory(Path.Combine(path, part));
        }
    }

    private static async Task SendAsync(Dovecot dovecot, int first, int count)
    {
        using var client = await dovecot.ConnectAsync("me");
        var root = client.GetFolder(client.PersonalNamespaces[0]);
        var sent = first == 0 ? await root.CreateAsync("Outgoing", true, Ct) : await root.GetSubfolderAsync("Outgoing", Ct);
        var requests = Enumerable.Range(first, count).Select(IAppendRequest (i) => new AppendRequest(
            new MimeMessage(
                [new MailboxAddress("Me", "me@example.org")], [new MailboxAddress("", $"friend{i}@example.com")], "hello",
                new TextPart("plain") { Text = "hi" })
            {
                MessageId = $"{i}@example.org",
            },
            MessageFlags.Seen)).ToList();
        await sent!.AppendAsync(requests, Ct);
    }

    private static Task<string> ImportAsync(TempFolder folder, Dovecot dovecot, string url, params string[] options) =>
        WithPasswordAsync(Dovecot.Password, 0, ["journal", "import", "--data", folder["d"], "--ca", dovecot.Certificate, url, .. options]);

    private static Task<string> WithPasswordAsync(string password, int code, params string[] arguments) =>
        Tool.RunWithAsync(
            new Dictionary<string, string> { ["BACKSTOP_IMAP_PASSWORD"] = password }, "", Server.Launcher, arguments, _limit, code);

    private static Task<string> WithCommandAsync(string command, int code, params string[] arguments) =>
        Tool.RunWithAsync(
            new Dictionary<string, string> { ["BACKSTOP_IMAP_PASSWORD_COMMAND"] = command }, "", Server.Launcher, arguments, _limit,
            code);

    private static Task<string> WithTokenAsync(string token, int code, params string[] arguments) =>
        Tool.RunWithAsync(new Dictionary<string, string> { ["BACKSTOP_IMAP_TOKEN"] = token }, "", Server.Launcher, arguments, _limit, code);

    private static Task<string> RunAsync(int code, params string[] arguments) =>
        Tool.RunWithAsync(new Dictionary<string, string>(), "", Server.Launcher, arguments, _limit, code);
}
