using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>An address that leads to several mailboxes is one recipient, and each of them gets one copy.</summary>
public sealed class AliasTests
{
    private const string Me = "me@example.org";
    private const string You = "you@example.org";
    private const string Text = "From: a@example.net\nSubject: lunch\n\nhello";

    [Fact]
    public async Task Message_to_an_alias_is_in_each_mailbox_once()
    {
        await using var server = await StartAsync();
        using (var dialog = new Dialog(server.Smtp))
        {
            await dialog.PlayAsync(
                """
                S: 220
                C: HELO c
                S: 250
                C: MAIL FROM:<a@example.net>
                S: 250
                C: RCPT TO:<team@example.org>
                S: 250
                C: RCPT TO:<all+lists@example.org>
                S: 250
                C: RCPT TO:<info@example.org>
                S: 250
                C: DATA
                S: 354
                C: Subject: lunch
                C: 
                C: hello
                C: .
                S: 250
                """);
        }

        Assert.Equal([$"team@example.org for {Me}"], await CopiesAsync(server, Me));
        Assert.Equal([$"team@example.org for {You}"], await CopiesAsync(server, You));
    }

    [Fact]
    public async Task Alias_of_several_mailboxes_is_one_recipient_of_a_bounce()
    {
        await using var server = await StartAsync();
        using var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync(
            """
            S: 220
            C: HELO c
            S: 250
            C: MAIL FROM:<>
            S: 250
            C: RCPT TO:<team@example.org>
            S: 250
            C: RCPT TO:<me@example.org>
            S: 452 4.5.3
            C: DATA
            S: 354
            C: Subject: out of office
            C: 
            C: hello
            C: .
            S: 250
            """);
    }

    [Fact]
    public async Task Alias_of_several_mailboxes_has_one_reply_in_lmtp()
    {
        await using var server = await StartAsync(o => o.Tls.Enabled = false);
        using var dialog = new Dialog(server.Lmtp);
        await dialog.PlayAsync(
            """
            S: 220
            C: LHLO c
            S: 250-
            S: 250-
            S: 250-
            S: 250-
            S: 250-
            S: 250-
            S: 250-
            S: 250 
            C: MAIL FROM:<a@example.net>
            S: 250
            C: RCPT TO:<team@example.org>
            S: 250
            C: DATA
            S: 354
            C: Subject: lunch
            C: 
            C: .
            S: 250 2.0.0 Accepted as
            C: QUIT
            S: 221
            E:
            """);
    }

    /// <summary>The copy of a mailbox that is gone is nobody else's: the others of the alias have theirs.</summary>
    [Fact]
    public async Task Copy_for_a_mailbox_of_an_alias_that_is_gone_waits()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["file"], "", TestContext.Current.CancellationToken);
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Mailboxes[You].Path = folder["file/Maildir"];
            o.Aliases[Me] = [Me, You];
        });
        Assert.StartsWith("250", await ServerMail.SendAsync(server, "<a@example.net>", Me, Text), StringComparison.Ordinal);
        server.Options.Mailboxes.Remove(You);
        server.Options.Aliases.Clear();
        await server.RestartAsync();
        await ServerMail.StatusAsync(server, "\"waiting\": 1,");
        Assert.Single(Directory.GetFiles(server.Inbox));
        server.Options.Mailboxes[You] = new() { Path = folder["back"] };
        await server.RestartAsync();
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(folder["back/new"]));
        Assert.Single(Directory.GetFiles(server.Inbox));
    }

    /// <summary>Postfix's way: the alias comes first, and the mailbox gets what its list names it for.</summary>
    [Theory]
    [InlineData("you@example.org", new[] { "you@example.org", "me@example.org" }, "you@example.org me@example.org")]
    [InlineData("you@example.org", new[] { "me@example.org" }, "me@example.org")]
    [InlineData("you+list@example.org", new[] { "me@example.org" }, "me@example.org")]
    public void Alias_comes_before_the_mailbox_with_its_address(string address, string[] targets, string mailboxes) =>
        Assert.Equal(mailboxes, Found(address, ("you@example.org", targets)));

    [Theory]
    [InlineData("any@old.example", "me@example.org you@example.org")]
    [InlineData("me@old.example", "me@example.org you@example.org")]
    [InlineData("you+x@mapped.example", "you@example.org")]
    [InlineData("nobody@mapped.example", "")]
    [InlineData("postmaster@old.example", "me@example.org")]
    public void Domain_leads_to_mailboxes_or_to_another_domain(string address, string mailboxes) =>
        Assert.Equal(mailboxes, Found(address, ("@old.example", [Me, You]), ("@mapped.example", ["@example.org"])));

    [Fact]
    public void Tag_and_detail_are_known_of_an_alias_too()
    {
        var recipients = new Recipients(Options(("team@example.org", [Me, You])));
        var known = recipients.Find(MailAddress.TryParse("prvs=1234abcdef=team+x@example.org")!)!;
        Assert.Equal("team+x@example.org", known.Tag?.Original.Key);
        Assert.Equal("team@example.org", known.Key);
        Assert.Equal(["team@example.org", Me, You], known.Ours);
        Assert.Null(recipients.FindNamed(MailAddress.TryParse("team@example.org")!));
    }

    /// <summary>The person is who was written to, as with a mailbox's own aliases; of several persons it is the alias.</summary>
    [Theory]
    [InlineData("team@example.org", "team@example.org")]
    [InlineData("TEAM+x@example.org", "team@example.org")]
    [InlineData("mine@example.org", Me)]
    [InlineData("any@old.example", "@old.example")]
    public void Storm_is_one_of_who_was_written_to(string address, string person) => Assert.Equal(
        person,
        new Recipients(Options(("team@example.org", [Me, You]), ("mine@example.org", [Me]), ("@old.example", [Me, You])))
            .Find(MailAddress.TryParse(address)!)!.Person);

    [Fact]
    public async Task Flood_to_an_alias_is_counted_once_a_bounce()
    {
        var time = new FakeTimeProvider(new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero));
        using var rig = new RuleRig(time, [Me, You], o => o.Aliases["team@example.org"] = [Me, You]);
        for (var i = 0; i < 400; i++)
        {
            await rig.SendAsync($"198.51.{i % 100}.{i / 100}", "", "team@example.org", ServerMail.BounceOf($"x{i}@example.net"));
            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        var storm = Assert.Single(rig.Storms.Watch.Active);
        Assert.Equal(("team@example.org", 400), (storm.Victim, storm.Count));
    }

    /// <summary>Whatever the aliases are: those that the check accepts lead to mailboxes, each once, and none loops.</summary>
    [Fact]
    public void Every_alias_that_is_accepted_ends_at_mailboxes() =>
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 9].Array[1, 3]).Array[0, 8].Sample(drawn =>
        {
            string[] names = [.. Enumerable.Range(0, 7).Select(i => $"a{i}@example.org"), "@example.org", Me, You];
            var aliases = drawn.DistinctBy(d => d.Item1).ToDictionary(
                d => names[d.Item1], d => (IReadOnlyList<string>)[.. d.Item2.Select(i => names[i])]);
            var options = Options([.. aliases.Select(a => (a.Key, a.Value.ToArray()))]);
            var problems = new Problems();
            AliasChecks.Check(options, problems);
            var recipients = new Recipients(options);
            foreach (var name in aliases.Keys)
            {
                var found = recipients.Find(MailAddress.TryParse(name.StartsWith('@') ? "zz" + name : name)!);
                Assert.True(problems.Errors.Count > 0 || found is not null, name);
                Assert.Equal(found?.Mailboxes.Distinct().Count(), found?.Mailboxes.Count);
            }
        });

    [Fact]
    public void Aliases_are_read_in_every_way_that_toml_has()
    {
        const string Toml = """
            domains = ["example.org"]
            listen.smtp = "127.0.0.1:2525"
            [mailboxes."me@example.org"]
            [aliases]
            "a@example.org" = "me@example.org"
            "b@example.org" = ["me@example.org", "a@example.org"]
            """;
        var (options, errors) = ConfigFile.Parse(Toml, "b.toml");
        Assert.Empty(errors);
        Assert.Equal(["me@example.org", "a@example.org"], options.Aliases["b@example.org"]);
        const string Dotted = "domains = \"example.org\"\nlisten.smtp = \"127.0.0.1:25\"\nmailboxes.\"me@example.org\" = {}\n";
        Assert.Empty(ConfigFile.Parse(Dotted + "aliases.\"a@example.org\" = \"me@example.org\"", "b.toml").Errors);
        Assert.Empty(ConfigFile.Parse(Dotted + "aliases = { \"a@example.org\" = \"me@example.org\" }", "b.toml").Errors);
        Assert.Equal("[\"me@example.org\"]", ConfigKeys.Of(options)["aliases.a@example.org"]);
    }

    /// <summary>Which addresses of the other domain exist is not known when the file is read.</summary>
    [Theory]
    [InlineData("\"@old.example\" = \"@example.org\"", "")]
    [InlineData("\"@old.example\" = [\"@example.org\", \"me@example.org\"]", "")]
    [InlineData("\"@old.example\" = \"@old.example\"", "it leads back to itself: @old.example -> ")]
    [InlineData("\"@old.example\" = \"@example.org\"\n\"@example.org\" = \"@old.example\"", "leads back to itself")]
    [InlineData("\"@old.example\" = \"@gmail.example\"", "\"@gmail.example\" is not in one of the domains")]
    public void A_domain_may_lead_to_another_of_ours(string aliases, string problem)
    {
        var (_, errors) = ConfigFile.Parse(
            "domains = [\"example.org\", \"old.example\"]\nlisten.smtp = \"127.0.0.1:25\"\nmailboxes.\"me@example.org\" = {}\n[aliases]\n"
                + aliases + "\n",
            "b.toml");
        if (problem.Length == 0)
        {
            Assert.Empty(errors);
        }
        else
        {
            Assert.Contains(errors, e => e.Message.Contains(problem, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("\"x@example.org\" = \"x@example.org\"", "aliases.x@example.org: it leads back to itself: x@example.org -> x@example.org")]
    [InlineData(
        "\"x@example.org\" = \"y@example.org\"\n\"y@example.org\" = [\"me@example.org\", \"x@example.org\"]",
        "it leads back to itself: x@example.org -> y@example.org -> x@example.org; name a mailbox instead")]
    [InlineData("\"x@example.org\" = \"z@example.org\"", "no mailbox has the address z@example.org; add [mailboxes.\"z@example.org\"]")]
    [InlineData("\"x@example.org\" = \"me@gmail.example\"", "\"me@gmail.example\" is not in one of the domains, and mail is not forwarded")]
    [InlineData("\"x@gmail.example\" = \"me@example.org\"", "\"x@gmail.example\" is not in one of the domains; add its domain")]
    [InlineData("\"x\" = \"me@example.org\"", "\"x\" is not an address; write one such as \"sales@example.org\"")]
    [InlineData("\"x@example.org\" = \"me\"", "\"me\" is not an address; write one such as \"me@example.org\"")]
    [InlineData("\"x@example.org\" = []", "the list is empty; write at least one address")]
    [InlineData("\"x@example.org\" = \"@example.org\"", "\"@example.org\" is a domain; only an alias of a whole domain")]
    [InlineData("\"x@example.org\" = 1", "aliases.x@example.org: the value is not a string")]
    [InlineData("x = { y = 1 }", "aliases.x: the value is not a string")]
    [InlineData("[aliases.x]", "aliases: \"x\" is not a table here; write \"x\" = [...], with the whole name in quotes")]
    [InlineData("x.y = \"me@example.org\"", "aliases: \"x\" is not a table here; write \"x\" = [...]")]
    [InlineData(
        "\"x@example.org\" = \"me@example.org\"\n\"X@Example.org\" = \"me@example.org\"",
        "\"X@Example.org\" is the same as aliases.x@example.org; write one list for both")]
    public void Wrong_alias_is_told_with_its_place(string lines, string error)
    {
        const string Head = "domains = [\"example.org\"]\nlisten.smtp = \"127.0.0.1:2525\"\nmailboxes.\"me@example.org\" = {}\n[aliases]\n";
        var errors = ConfigFile.Parse(Head + lines, "b.toml").Errors;
        Assert.Contains(errors, e => e.ToString().Contains(error, StringComparison.Ordinal) && e.Line >= 5);
    }

    [Fact]
    public void Alias_that_takes_all_mail_of_a_mailbox_is_warned_of()
    {
        const string Toml = """
            domains = ["example.org"]
            listen.smtp = "127.0.0.1:2525"
            mailboxes."me@example.org" = {}
            mailboxes."you@example.org" = {}
            aliases."me@example.org" = "you@example.org"
            aliases."you@example.org" = ["you@example.org"]
            """;
        var warnings = new List<ConfigError>();
        Assert.Empty(ConfigFile.Parse(Toml, "b.toml", warnings).Errors);
        Assert.StartsWith(
            "b.toml:5:9: aliases.me@example.org: the mailbox me@example.org gets none of its mail any more: all goes to you@example.org;",
            Assert.Single(warnings).ToString(), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync(Action<BackstopOptions>? configure = null) => TestServer.StartAsync(o =>
    {
        o.Aliases = new() { ["team@example.org"] = [Me, You], ["all@example.org"] = ["team@example.org", You] };
        configure?.Invoke(o);
    });

    private static BackstopOptions Options(params (string Alias, string[] Targets)[] aliases) => new()
    {
        Domains = ["example.org", "old.example", "mapped.example"],
        Mailboxes = new() { [Me] = new(), [You] = new() },
        Aliases = aliases.ToDictionary(a => a.Alias, a => (IReadOnlyList<string>)a.Targets),
    };

    private static string Found(string address, params (string Alias, string[] Targets)[] aliases) => string.Join(
        ' ', new Recipients(Options(aliases)).Find(MailAddress.TryParse(address)!)?.Mailboxes.Select(m => m.Keys[0]) ?? []);

    // The messages in an inbox: by which address, and for whom.
    private static async Task<string[]> CopiesAsync(TestServer server, string mailbox)
    {
        await server.DeliveredAsync();
        return [.. Directory.GetFiles(Path.Combine(server.Options.Data, "mail", mailbox, "Maildir", "new")).Select(f =>
        {
            var lines = File.ReadAllLines(f);
            return $"{Field(lines, "X-Original-To")} for {Field(lines, "Delivered-To")}";
        })];
    }

    private static string Field(string[] lines, string name) =>
        Assert.Single(lines, l => l.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    private sealed class Problems : IConfigProblems
    {
        public List<string> Errors { get; } = [];

        public void Add(string key, string message) => Errors.Add(message);

        public void Warn(string key, string message)
        {
            // Warnings are right aliases.
        }
    }
}
