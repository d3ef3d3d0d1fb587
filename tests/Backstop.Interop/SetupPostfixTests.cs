using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary><c>backstop setup postfix</c> with the Postfix of both Debian releases.</summary>
public sealed class SetupPostfixTests
{
    private const string Detail = "batv.form = \"detail\"";
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Not before Backstop answers with its key; then in, tried, and out again; what others have there stays.</summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Postfix_is_changed_when_Backstop_answers_and_loses_it_again(int release)
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail);
        using var postfix = await Postfix.StartAsync(
            folder["mail"], "recipient_delimiter = +\nnon_smtpd_milters = inet:127.0.0.1:1\nmilter_default_action = tempfail\n",
            release: release);
        var setup = await Setup.OfAsync(folder, postfix, guard, release);
        var before = await setup.FilesAsync();
        var printed = await setup.RunAsync([]);
        Assert.Contains("domains = [\"bench.test\"]", printed, StringComparison.Ordinal);
        Assert.Contains($"\nsmtpd_milters = {setup.Element}\n", printed, StringComparison.Ordinal);

        // Nobody answers: Postfix stays as it is, and so mail does.
        await guard.KillAsync();
        var refused = await setup.RunAsync(["--apply"], 69);
        Assert.Contains("Backstop must run before Postfix asks it", refused, StringComparison.Ordinal);
        Assert.Contains("run this again", refused, StringComparison.Ordinal);
        Assert.Contains("start it: backstop serve", await setup.CheckAsync(69), StringComparison.Ordinal);

        // It answers, but has no key; one is made, and what runs does not know it yet.
        File.Delete(Path.Combine(guard.Data, "batv.keys"));
        await guard.StartAsync();
        Assert.Contains("BAD no key exists", await setup.CheckAsync(1), StringComparison.Ordinal);
        refused = await setup.RunAsync(["--apply"], 69);
        Assert.Contains("batv.keys: made a key to sign with", refused, StringComparison.Ordinal);
        Assert.Contains("restart Backstop", refused, StringComparison.Ordinal);
        Assert.Equal(before, await setup.FilesAsync());
        await guard.KillAsync();
        await guard.StartAsync();

        var applied = await setup.RunAsync(["--apply"]);
        Assert.Contains($"backstop setup postfix --undo --config-dir {postfix.ConfigFolder}", applied, StringComparison.Ordinal);
        Assert.Equal("inet:127.0.0.1:1, " + setup.Element, await setup.ValueAsync("non_smtpd_milters"));
        Assert.Equal("tempfail", await setup.ValueAsync("milter_default_action"));
        Assert.Contains("all lines are there", await setup.RunAsync(["--apply"]), StringComparison.Ordinal);
        Assert.Equal(before, await setup.FilesAsync(".before-backstop"));
        var report = await setup.CheckAsync(0);
        Assert.Contains("ok  a bounce to a signed address: accepted", report, StringComparison.Ordinal);
        Assert.Contains("ok  a bounce to an address with a forged signature: 550 5.7.1", report, StringComparison.Ordinal);
        Assert.Contains("(batv:forged)", report, StringComparison.Ordinal);

        // Backstop down: mail comes in as before, whatever the release's default action is.
        await guard.KillAsync();
        await SendAsync(postfix.Port, "ann@client.example", "user@bench.test");
        var edited = setup.Element.Replace("accept", "tempfail", StringComparison.Ordinal);
        await setup.SetAsync("smtpd_milters={ inet:localhost:2, connect_timeout=1s }, " + edited);
        await setup.RunAsync(["--undo"]);
        Assert.Equal("{ inet:localhost:2, connect_timeout=1s }", await setup.ValueAsync("smtpd_milters"));
        Assert.Equal("inet:127.0.0.1:1", await setup.ValueAsync("non_smtpd_milters"));
        Assert.Contains("nothing of Backstop was found", await setup.RunAsync(["--undo"]), StringComparison.Ordinal);
    }

    /// <summary>Every place where a milter or a name is set gets it once, and undo leaves the files as they were.</summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Every_service_that_has_milters_of_its_own_gets_it_once(int release)
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail);
        using var postfix = await Postfix.StartAsync(
            folder["mail"],
            "recipient_delimiter = +\nsmtpd_milters = inet:127.0.0.1:1\nnon_smtpd_milters = $smtpd_milters\n"
                + "milter_default_action = accept\nmua_restrictions = permit_sasl_authenticated, reject\n",
            master: p => $"""
                127.0.0.2:submission inet n - n - 10 smtpd
                127.0.0.3:submission inet n - n - 10 smtpd -o smtpd_milters=
                127.0.0.4:{p.Reinject} inet n - n - 10 smtpd
                  -o smtpd_client_restrictions=$mua_restrictions
                  -o smtpd_milters=inet:127.0.0.1:2
                127.0.0.5:{p.Reinject} inet n - n - 10 smtpd
                  -o content_filter=
                  -o smtpd_client_restrictions=permit_mynetworks,permit_sasl_authenticated,reject
                  -o smtpd_recipient_restrictions=permit_mynetworks,reject
                127.0.0.6:{p.Reinject} inet n - n - 10 smtpd
                  -o content_filter= -o smtpd_milters=
                127.0.0.7:465 inet n - n - 10 smtpd -o milter_macro_daemon_name=USERS
                """,
            release: release);
        var setup = await Setup.OfAsync(folder, postfix, guard, release);
        var before = await setup.FilesAsync();
        Assert.Contains("outbound.daemons = [\"ORIGINATING\", \"USERS\"]", await setup.RunAsync(["--apply"]), StringComparison.Ordinal);
        Assert.Equal("inet:127.0.0.1:1, " + setup.Element, await setup.ValueAsync("smtpd_milters"));
        Assert.Equal("$smtpd_milters", await setup.ValueAsync("non_smtpd_milters"));
        var compact = setup.Element.Replace(" ", "", StringComparison.Ordinal);
        string[] expected = [
            "127.0.0.2:submission/inet/milter_macro_daemon_name = ORIGINATING",
            "127.0.0.3:submission/inet/milter_macro_daemon_name = ORIGINATING",
            "127.0.0.3:submission/inet/smtpd_milters = " + compact,
            $"127.0.0.4:{postfix.Reinject}/inet/milter_macro_daemon_name = ORIGINATING",
            $"127.0.0.4:{postfix.Reinject}/inet/smtpd_milters = inet:127.0.0.1:2,{compact}",
            $"127.0.0.5:{postfix.Reinject}/inet/smtpd_milters = inet:127.0.0.1:1",
            $"127.0.0.6:{postfix.Reinject}/inet/smtpd_milters =",
            "127.0.0.7:465/inet/milter_macro_daemon_name = USERS",
            "cleanup/unix/milter_macro_daemon_name = ORIGINATING",
        ];
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            (await setup.PostconfAsync("-P")).Split('\n')
                .Where(l => Regex.IsMatch(l, "smtpd_milters|daemon_name", RegexOptions.None, _limit))
                .Where(l => !l.StartsWith($"127.0.0.1:{postfix.Submission}/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
        await setup.RunAsync(["--undo"]);
        Assert.Equal(Words(before), Words(await setup.FilesAsync()));
    }

    /// <summary>From every kind of table that can be listed; others are asked for the names that stand elsewhere.</summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Domains_are_read_where_Postfix_has_them(int release)
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail);
        using var postfix = await Postfix.StartAsync(folder["mail"], "recipient_delimiter = +\n", release: release);
        var setup = await Setup.OfAsync(folder, postfix, guard, release);
        await File.WriteAllTextAsync(folder["hash"], "hash.example x\n", Ct);
        await setup.PostmapAsync("hash:" + folder["hash"]);
        await File.WriteAllTextAsync(folder["aliases"], "alias.example anything\ninfo@not.example you\n@neither.example you\n", Ct);
        await setup.PostmapAsync("hash:" + folder["aliases"]);
        await File.WriteAllTextAsync(folder["list"], "# a comment\nlist.example\n", Ct);
        await File.WriteAllTextAsync(folder["regexp"], "/^bench\\.test$/ x\n", Ct);
        await setup.SetAsync($"virtual_mailbox_domains=hash:{folder["hash"]}");
        await setup.SetAsync($"virtual_alias_maps=hash:{folder["aliases"]}");
        await setup.SetAsync($"relay_domains={folder["list"]}, inline:{{ inline.example=x }}, regexp:{folder["regexp"]}");
        var printed = await setup.PrintNewAsync(folder["none.toml"], "--domain", "named.example");
        Assert.Contains(
            "domains = [\"named.example\", \"hash.example\", \"alias.example\", \"list.example\", \"inline.example\", \"bench.test\"]",
            printed, StringComparison.Ordinal);
        Assert.Contains($"there may be more domains (regexp:{folder["regexp"]} cannot be listed)", printed, StringComparison.Ordinal);

        // Nothing is known: nothing is written that the own check would refuse.
        await setup.SetAsync("virtual_mailbox_domains=");
        await setup.SetAsync("virtual_alias_maps=");
        await setup.SetAsync("relay_domains=socketmap:inet:127.0.0.1:1:domains");
        var none = await setup.PrintNewAsync(folder["none.toml"], 64, "--apply");
        Assert.Contains("socketmap:inet:127.0.0.1:1:domains cannot be listed", none, StringComparison.Ordinal);
        Assert.Contains("--domain", none, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["none.toml"]));
    }

    /// <summary>Mail of the command sendmail and of the submission port is signed and known; what comes from outside is judged.</summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task Local_mail_is_signed_and_known(int release)
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail);
        using var postfix = await Postfix.StartAsync(
            Path.Combine(guard.Data, "mail"), "recipient_delimiter = +\n", release: release);
        var setup = await Setup.OfAsync(folder, postfix, guard, release);
        await setup.RunAsync(["--apply"]);
        await setup.SendmailAsync("user@bench.test", "legit@bench.test");
        await postfix.EmptyAsync();
        var sent = Encoding.Latin1.GetString(
            Assert.Single(MessageFiles.Read(Path.Combine(guard.Data, "mail", "legit@bench.test", "Maildir"))).Bytes.Span);
        Assert.Contains("X-Backstop-Sent: bs", sent, StringComparison.Ordinal);
        Assert.Matches("(?m)^Return-Path: <user\\+prvs=\\d{4}[0-9a-f]{6}@bench\\.test>", sent);
        Assert.Contains("user@bench.test", await guard.RunAsync("journal", "stats"), StringComparison.Ordinal);
        Assert.Contains("(batv:forged)", await setup.CheckAsync(0), StringComparison.Ordinal);
    }

    /// <summary>With a filter that may hand mail of strangers back by the command, it is not taken for ours.</summary>
    [Fact]
    public async Task Local_mail_may_be_a_filters_and_then_stays_unsigned()
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail);
        using var postfix = await Postfix.StartAsync(folder["mail"], "recipient_delimiter = +\ncontent_filter = scan:dummy\n");
        var setup = await Setup.OfAsync(folder, postfix, guard, 12);
        var printed = await setup.RunAsync([]);
        Assert.DoesNotContain("cleanup/unix/milter_macro_daemon_name=ORIGINATING\"", printed, StringComparison.Ordinal);
        Assert.Contains("a filter (scan:dummy) may hand mail of strangers back by it", printed, StringComparison.Ordinal);
    }

    /// <summary>
    /// What an alias sends elsewhere takes its tag along there: said by setup, and seen. An address that is named goes without a tag.
    /// </summary>
    [Theory]
    [MemberData(nameof(Debian.Releases), MemberType = typeof(Debian))]
    public async Task A_tag_goes_through_aliases_and_named_senders_have_none(int release)
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail + "\noutbound.unsigned_from = [\"user@bench.test\"]");
        using var postfix = await Postfix.StartAsync(
            Path.Combine(guard.Data, "mail"),
            "recipient_delimiter = +\nvirtual_alias_maps = inline:{ away@bench.test=them@else.example }\n"
                + "transport_maps = inline:{ else.example=discard: }\n",
            release: release);
        var setup = await Setup.OfAsync(folder, postfix, guard, release);
        Assert.Contains("keeps its tag there", await setup.RunAsync(["--apply"]), StringComparison.Ordinal);
        var tagged = (await guard.RunAsync("batv", "sign", "away@bench.test")).Trim();
        await SendAsync(postfix.Port, "<>", tagged);
        await postfix.EmptyAsync();
        var leaked = tagged.Replace("away", "them", StringComparison.Ordinal)
            .Replace("bench.test", "else.example", StringComparison.Ordinal);
        Assert.Contains($"to=<{leaked}>", postfix.Log, StringComparison.Ordinal);

        await setup.SendmailAsync("user@bench.test", "legit@bench.test");
        await postfix.EmptyAsync();
        var sent = Encoding.Latin1.GetString(
            Assert.Single(MessageFiles.Read(Path.Combine(guard.Data, "mail", "legit@bench.test", "Maildir"))).Bytes.Span);
        Assert.Contains("X-Backstop-Sent: bs", sent, StringComparison.Ordinal);
        Assert.Contains("Return-Path: <user@bench.test>", sent, StringComparison.Ordinal);
    }

    /// <summary>The name by which mail is known as ours, on the port that strangers reach: nothing would be judged.</summary>
    [Fact]
    public async Task A_name_that_lets_strangers_in_is_an_obstacle()
    {
        using var folder = new TempFolder();
        using var guard = await Guard.StartAsync(Detail);
        using var postfix = await Postfix.StartAsync(
            folder["mail"], "recipient_delimiter = +\nmilter_macro_daemon_name = ORIGINATING\n",
            master: _ => "127.0.0.2:smtp inet n - n - 10 smtpd");
        var setup = await Setup.OfAsync(folder, postfix, guard, 12);
        var before = await setup.FilesAsync();
        Assert.Contains(
            "127.0.0.2:smtp/inet has milter_macro_daemon_name = ORIGINATING", await setup.RunAsync(["--apply"], 78),
            StringComparison.Ordinal);
        Assert.Equal(before, await setup.FilesAsync());
    }

    private static Task<string> SendAsync(int port, string from, string to) => Tool.RunAsync(
        Needs.Program("swaks", "swaks"),
        [
            "--server", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--from", from, "--to", to, "--ehlo",
            "client.example"],
        _limit);

    private static string[] Words(string text) => text.Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The command for one Postfix and one Backstop.</summary>
    private sealed class Setup
    {
        private readonly Dictionary<string, string> _environment;
        private readonly Postfix _postfix;
        private readonly Guard _guard;

        private Setup(Dictionary<string, string> environment, Postfix postfix, Guard guard) =>
            (_environment, _postfix, _guard) = (environment, postfix, guard);

        public string Element =>
            string.Create(CultureInfo.InvariantCulture, $"{{ inet:127.0.0.1:{_guard.Milter}, default_action=accept }}");

        private string[] Verb => ["setup", "postfix", "--config-dir", _postfix.ConfigFolder];

        public static async Task<Setup> OfAsync(TempFolder folder, Postfix postfix, Guard guard, int release) =>
            new(await new Debian(release).EnvironmentAsync(folder["bin"]), postfix, guard);

        public Task<string> RunAsync(string[] arguments, params int[] exitCodes) =>
            StartAsync(Server.Launcher, [.. Verb, "--config", _guard.Config, .. arguments], null, exitCodes);

        public Task<string> PrintNewAsync(string config, params string[] arguments) => PrintNewAsync(config, 0, arguments);

        public Task<string> PrintNewAsync(string config, int exitCode, params string[] arguments) =>
            StartAsync(Server.Launcher, [.. Verb, "--config", config, .. arguments], null, exitCode);

        public Task<string> CheckAsync(int exitCode) => RunAsync(
            [
                "--check", "--smtp", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_postfix.Port}"), "--recipient",
                "user@bench.test"],
            exitCode);

        public async Task<string> FilesAsync(string end = "") =>
            await File.ReadAllTextAsync(Path.Combine(_postfix.ConfigFolder, "main.cf" + end), Ct)
            + await File.ReadAllTextAsync(Path.Combine(_postfix.ConfigFolder, "master.cf" + end), Ct);

        public Task<string> PostconfAsync(params string[] arguments) =>
            StartAsync("/usr/bin/env", ["postconf", "-c", _postfix.ConfigFolder, .. arguments], null);

        public async Task<string> ValueAsync(string name) => (await PostconfAsync("-h", name)).Trim();

        public Task<string> SetAsync(string setting) => PostconfAsync("-e", setting);

        public Task<string> PostmapAsync(string table) => StartAsync("/usr/bin/env", ["postmap", "-c", _postfix.ConfigFolder, table], null);

        public Task<string> SendmailAsync(string from, string to) => StartAsync(
            "/usr/bin/env", ["sendmail", "-C", _postfix.ConfigFolder, "-f", from, to],
            $"From: {from}\nTo: {to}\nSubject: local\n\nhello\n");

        private Task<string> StartAsync(string program, string[] arguments, string? input, params int[] exitCodes) =>
            Tool.RunWithAsync(_environment, input, program, arguments, _limit, exitCodes);
    }
}
