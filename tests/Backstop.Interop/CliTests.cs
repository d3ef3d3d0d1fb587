using System.Text.Json;

namespace Backstop.Interop;

/// <summary>The command line is a contract: words, JSON and exit codes.</summary>
public sealed class CliTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    private static string Mails => Path.Combine(Checkout.Root, "tests", "mails");

    [Fact]
    public async Task Help_names_every_verb()
    {
        var help = await RunAsync(0, "--help");
        Assert.All(
            ["serve", "storm", "explain", "journal", "batv", "config", "status", "doctor"],
            verb => Assert.Contains($"  {verb}", help, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(64, "frobnicate")]
    [InlineData(64, "storm", "--to", "192.0.2.1:25")]
    [InlineData(64, "storm", "--connections", "0")]
    [InlineData(66, "explain", "/nowhere")]
    [InlineData(66, "serve", "--config", "/nowhere.toml")]
    [InlineData(66, "explain", "--journal", "/nowhere", "/etc/hostname")]
    [InlineData(64, "batv", "sign", "nonsense")]
    [InlineData(69, "status", "--url", "http://127.0.0.1:1")]
    [InlineData(64, "doctor")]
    public async Task Failure_has_its_exit_code_and_one_line(int code, params string[] arguments)
    {
        var output = await RunAsync(code, arguments);
        Assert.StartsWith("backstop: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    /// <summary>Two handlers of one signal once raced: the server had stopped, and then the process aborted.</summary>
    [Fact]
    public async Task Server_told_to_stop_ends_with_0()
    {
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path);
        for (var round = 0; round < 10; round++)
        {
            await server.StopAsync();
            await server.StartAsync();
        }
    }

    /// <summary>A server that runs has no part that is bad but DNS, which a test cannot have; once it is down, its ports are.</summary>
    [Fact]
    public async Task Doctor_looks_at_the_whole_set_up()
    {
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path, more: "spool.min_free = \"1 MiB\"");
        string[] arguments = ["doctor", "--config", folder["backstop.toml"]];
        var lines = (await Tool.RunAsync(Server.Launcher, arguments, _limit, 0, 1)).Split('\n');
        Assert.Contains($"ok    config: {folder["backstop.toml"]}", lines);
        Assert.Contains($"ok    port: smtp 127.0.0.1:{server.SmtpPort}", lines);
        Assert.Contains("ok    server: running; 0 messages wait", lines);
        Assert.Contains("off   keys: no key, so nothing that leaves is signed", lines);
        Assert.Contains(lines, l => l.StartsWith("ok    disk: ", StringComparison.Ordinal));
        Assert.All(
            lines.Where(l => l.StartsWith("BAD", StringComparison.Ordinal)),
            l => Assert.StartsWith("BAD   dns", l, StringComparison.Ordinal));
        await server.StopAsync();
        var found = (await RunAsync(1, [.. arguments, "--json"])).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Contains(found, f => f.GetProperty("check").GetString() == "port" && f.GetProperty("state").GetString() == "bad"
            && f.GetProperty("do").GetString()!.StartsWith("start it: backstop serve", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reports_a_bad_configuration_with_file_line_and_column()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(
            folder["b.toml"], "domains = [\"example.org\"]\nhostnam = \"mx\"\n[smtp]\nmax_errors = \"five\"\n",
            TestContext.Current.CancellationToken);
        var output = await RunAsync(78, "serve", "--config", folder["b.toml"]);
        Assert.Contains($"{folder["b.toml"]}:2:1: unknown key \"hostnam\"; did you mean \"hostname\"?", output, StringComparison.Ordinal);
        Assert.Contains($"{folder["b.toml"]}:4:14: smtp.max_errors: \"five\" is not a whole number", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_gives_the_json_of_the_contract_and_1_for_what_is_not_for_the_inbox()
    {
        var output = await RunAsync(1, "explain", "--json", Path.Combine(Mails, "bounce-exim.eml"));
        var e = JsonDocument.Parse(output).RootElement;
        Assert.Equal("bounce", e.GetProperty("kind").GetString());
        Assert.Equal("exim", e.GetProperty("format").GetString());
        Assert.True(e.GetProperty("nullReversePath").GetBoolean());
        Assert.Equal("sam.reed@people7.example.com", e.GetProperty("recipients")[0].GetProperty("address").GetString());
        Assert.Equal(
            ("hard", "mailbox-unknown"),
            (
                e.GetProperty("recipients")[0].GetProperty("class").GetString(),
                e.GetProperty("recipients")[0].GetProperty("classReason").GetString()));
        Assert.Equal("reply says \"unrouteable address\"", e.GetProperty("recipients")[0].GetProperty("classEvidence")[0].GetString());
        Assert.Equal("7f3e21.19ab@example.org", e.GetProperty("returned").GetProperty("messageId").GetString());
        Assert.Equal("none", e.GetProperty("proofs")[1].GetProperty("result").GetString());
        Assert.Equal(("unknown", "file", "Backscatter", "bounce:unproved"), (
            e.GetProperty("origin").GetString(), e.GetProperty("verdict").GetString(), e.GetProperty("folder").GetString(),
            e.GetProperty("reason").GetString()));
        var page = await RunAsync(1, "explain", Path.Combine(Mails, "bounce-exim.eml"));
        Assert.Contains(
            "hard (mailbox-unknown)", string.Join(' ', page.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
        await RunAsync(0, "explain", Path.Combine(Mails, "trap-person-asks-about-a-bounce.eml"));
    }

    [Fact]
    public async Task Journal_learns_and_explain_believes_it()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(
            folder["sent.mbox"], "From me\nFrom: me@example.org\nTo: sam.reed@people7.example.com\nMessage-ID: "
                + "<7f3e21.19ab@example.org>\nDate: Tue, 24 Nov 2026 05:00:59 +0000\n\nhello\n",
            TestContext.Current.CancellationToken);
        Assert.Contains(
            "1 messages, 1 new", await RunAsync(0, "journal", "import", "--data", folder["d"], folder["sent.mbox"]),
            StringComparison.Ordinal);
        Assert.Contains(
            "1 messages since the last import, 0 new",
            await RunAsync(0, "journal", "import", "--data", folder["d"], folder["sent.mbox"]), StringComparison.Ordinal);
        Assert.Contains("\"messages\":1", await RunAsync(0, "journal", "stats", "--json", "--data", folder["d"]), StringComparison.Ordinal);
        Assert.Contains(
            "journal:message-id", await RunAsync(0, "explain", "--journal", folder["d"], Path.Combine(Mails, "bounce-qmail.eml")),
            StringComparison.Ordinal);
    }

    /// <summary>Mail through list software that signs nothing: a field of its own is what its bounces are known by.</summary>
    [Fact]
    public async Task Own_field_is_believed_by_explain_and_clean()
    {
        using var folder = new TempFolder();
        var bounce = "Return-Path: <>\nFrom: MAILER-DAEMON@mail4.example.net\nTo: me@example.org\nSubject: failure notice\n\nHi. This "
            + "is the qmail-send program.\n<you@example.com>:\n550 no\n\n"
            + "--- Below this line is a copy of the message.\n\nReturn-Path: <me@example.org>\nMessage-ID: <1@lists.example>\nFrom: "
            + "me@example.org\nX-Campaign-Id: s3cret-9\nTo: you@example.com\n";
        await File.WriteAllTextAsync(folder["bounce"], bounce, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["box"], $"From MAILER-DAEMON Tue Nov 24 05:00:59 2026\n{bounce}\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["sent"], "<x@example.org>\ty@z.example\n", TestContext.Current.CancellationToken);
        await RunAsync(1, "explain", folder["bounce"]);
        Assert.Contains(
            "\"reason\":\"own-field:pass\"",
            await RunAsync(0, "explain", "--json", "--own-field", "X-Campaign-Id: s3cret-", folder["bounce"]), StringComparison.Ordinal);
        Assert.Contains(
            "{\"proof\":\"own-field\",\"result\":\"none\",\"detail\":\"X-Campaign-Id is there, but does not begin with the configured "
                + "value\"}",
            await RunAsync(1, "explain", "--json", "--own-field", "X-Campaign-Id: other-", folder["bounce"]), StringComparison.Ordinal);
        string[] clean = ["clean", folder["box"], "--sent", folder["sent"], "--state", folder["state"], "--json"];
        Assert.Contains("\"backscatter\":1", await RunAsync(1, clean), StringComparison.Ordinal);
        Assert.Contains("\"backscatter\":0", await RunAsync(0, [.. clean, "--own-field", "X-Campaign-Id"]), StringComparison.Ordinal);
        Assert.Contains("anybody's mail", await RunAsync(64, [.. clean, "--own-field", "Subject"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tag_that_is_signed_checks_and_another_does_not()
    {
        using var folder = new TempFolder();
        await RunAsync(66, "batv", "sign", "--data", folder["d"], "me@example.org");
        await RunAsync(0, "batv", "new-key", "--data", folder["d"]);
        var tagged = (await RunAsync(0, "batv", "sign", "--data", folder["d"], "me@example.org")).Trim();
        Assert.StartsWith("pass", await RunAsync(0, "batv", "check", "--data", folder["d"], tagged), StringComparison.Ordinal);
        Assert.StartsWith(
            "forged", await RunAsync(1, "batv", "check", "--data", folder["d"], "prvs=0123abcdef=me@example.org"),
            StringComparison.Ordinal);
        Assert.StartsWith("none", await RunAsync(1, "batv", "check", "--data", folder["d"], "me@example.org"), StringComparison.Ordinal);
    }

    private static Task<string> RunAsync(int code, params string[] arguments) => Tool.RunAsync(Server.Launcher, arguments, _limit, code);
}
