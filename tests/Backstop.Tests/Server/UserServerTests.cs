using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>Preferences of users with the real server: for clients of spamd, and for received mail.</summary>
public sealed class UserServerTests : IDisposable
{
    private const string Rules = """
        add_header all Status _YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_
        header BAD_SUBJECT Subject =~ /buy now/i
        score BAD_SUBJECT 6
        """;

    private const string Spam = "From: a@example.net\nSubject: Buy now\n\ncheap\n";

    private readonly TempFolder _folder = new();

    public UserServerTests()
    {
        File.WriteAllText(_folder["rules.cf"], Rules);
        File.WriteAllText(_folder["me@example.org"], "required_score 8\nadd_header all Mine yes\nbody MINE /x/\n");
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_client_of_spamd_names_the_user()
    {
        await using var server = await StartAsync();
        Assert.Equal("Spam: False ; 6.0 / 8.0", await CheckAsync(server, "User: me@example.org\r\n"));
        Assert.Equal("Spam: True ; 6.0 / 5.0", await CheckAsync(server, "User: you@example.org\r\n"));
        Assert.Equal("Spam: True ; 6.0 / 5.0", await CheckAsync(server, ""));
        Assert.Equal(
            "Spam: True ; 6.0 / 5.0", await CheckAsync(server, $"User: ../{Path.GetFileName(_folder.Path)}/me@example.org\r\n"));
        Assert.Equal("Spam: True ; 6.0 / 5.0", await CheckAsync(server, $"User: {new string('a', 5000)}\r\n"));
        await File.WriteAllTextAsync(_folder["me@example.org"], "required_score 9.5\n", Ct);
        Assert.Equal("Spam: False ; 6.0 / 9.5", await CheckAsync(server, "User: me@example.org\r\n"));
    }

    [Fact]
    public async Task A_user_teaches_his_own_learner()
    {
        await using var server = await StartAsync(o => (o.Spam.AllowTell, o.Spam.BayesStore) = (true, LearnerScope.User));
        const string tell = "Message-class: spam\r\nSet: local\r\n";
        foreach (var (user, did) in new[] { ("me", true), ("you", true), ("me", false), ("stranger", true), ("eve", false) })
        {
            var reply = await AskAsync(
                server, $"TELL SPAMC/1.5\r\nUser: {user}@example.org\r\n{tell}Content-length: {Spam.Length}\r\n\r\n{Spam}");
            Assert.True(did == reply.Contains("DidSet: local", StringComparison.Ordinal), $"{user}: {reply}");
        }
    }

    [Fact]
    public async Task Mail_for_one_mailbox_is_scored_by_its_users_preferences_and_for_several_by_the_sites()
    {
        await using var server = await StartAsync(o => o.Spam.Enabled = true);
        await CheckAsync(server, "");
        await ServerMail.SendAsync(server, "<a@example.net>", "info@example.org", Spam);
        var mine = Assert.Single(await server.MessagesAsync());
        Assert.Contains(
            "\nX-Spam-Status: No, score=6.0 required=8.0 tests=BAD_SUBJECT\nX-Spam-Mine: yes\n", mine, StringComparison.Ordinal);
        await SendToBothAsync(server);
        var both = Assert.Single(await server.MessagesAsync("Junk"));
        Assert.Contains("\nX-Spam-Status: Yes, score=6.0 required=5.0 tests=BAD_SUBJECT\n", both, StringComparison.Ordinal);
    }

    /// <summary>The learner that <c>learn --user</c> teaches by the address is the one that is asked about mail for it.</summary>
    [Theory]
    [InlineData("Domain", "@example.org.db")]
    [InlineData("User", "me@example.org.db")]
    public async Task With_preferences_in_homes_the_learner_is_that_of_the_whole_address(string scope, string file)
    {
        BackstopOptions? used = null;
        await using var server = await StartAsync(o =>
        {
            used = o;
            (o.Spam.Enabled, o.Spam.AutoLearn, o.Spam.UserPrefs) = (true, true, "~/.spamassassin/user_prefs");
            (o.Spam.BayesStore, o.Spam.Users) = (Enum.Parse<LearnerScope>(scope), ["*@example.org"]);
        });
        await CheckAsync(server, "");
        await ServerMail.SendAsync(server, "<a@example.net>", "info@example.org", "From: a@example.net\nSubject: lunch\n\nat noon\n");
        Assert.Single(await server.MessagesAsync());
        Assert.Equal(file, Path.GetFileName(Assert.Single(Directory.GetFiles(Path.Combine(used!.Data, "bayes"), "*.db"))));
    }

    /// <summary>Whatever is in the way of preferences, mail arrives with the score of the site.</summary>
    [Fact]
    public async Task Trouble_with_preferences_holds_no_mail_up()
    {
        File.Delete(_folder["me@example.org"]);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [_folder["me@example.org"]]))
        {
            await made.WaitForExitAsync(Ct);
        }

        await using var server = await StartAsync(o => o.Spam.Enabled = true);
        await CheckAsync(server, "");
        await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", Spam);
        Assert.Contains("required=5.0", Assert.Single(await server.MessagesAsync("Junk")), StringComparison.Ordinal);
    }

    private Task<TestServer> StartAsync(Action<BackstopOptions>? configure = null) => TestServer.StartAsync(o =>
    {
        o.Spam.Rules = [_folder["rules.cf"]];
        o.Spam.UserPrefs = _folder["%u"];
        o.Listen.Spamd = [new(IPAddress.Loopback, 0)];
        configure?.Invoke(o);
    });

    private static async Task SendToBothAsync(TestServer server)
    {
        using var dialog = new Dialog(server.Smtp);
        await dialog.ConnectAsync();
        await dialog.ReadLineAsync();
        string[] commands = [
            "HELO client.example", "MAIL FROM:<a@example.net>", "RCPT TO:<me@example.org>", "RCPT TO:<you@example.org>", "DATA"];
        foreach (var command in commands)
        {
            Assert.Matches("^[23]", await dialog.AskAsync(command));
        }

        await dialog.SendAsync(Spam.ReplaceLineEndings("\r\n") + ".\r\n");
        Assert.StartsWith("250", await dialog.ReadLineAsync(), StringComparison.Ordinal);
    }

    private static async Task<string> CheckAsync(TestServer server, string field) =>
        (await AskAsync(server, $"CHECK SPAMC/1.5\r\n{field}\r\n{Spam}")).Split("\r\n")
            .FirstOrDefault(l => l.StartsWith("Spam:", StringComparison.Ordinal)) ?? "";

    private static async Task<string> AskAsync(TestServer server, string request)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Spamd, Ct);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), Ct);
        socket.Shutdown(SocketShutdown.Send);
        return await new StreamReader(stream, Encoding.Latin1).ReadToEndAsync(Ct);
    }
}
