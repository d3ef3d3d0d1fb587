using System.Text;
using Backstop.Clean;
using Backstop.Clean.Running;
using Backstop.Configuration.Options;
using Backstop.Judging.Storms;
using Backstop.Mailboxes.Runs;
using Backstop.Terminal;

namespace Backstop.Tests.Clean;

/// <summary>One run of <c>clean</c> over several mailboxes.</summary>
public sealed class CleanSessionTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <summary>The second mailbox's files once took the place of the first one's.</summary>
    [Fact]
    public async Task Each_mailbox_has_its_report_and_the_list_of_hosts_is_of_all()
    {
        var options = new CleanOptions { IsWithoutSent = true };
        var show = new CleanOutput { Report = _folder["flood.html"], Hosts = [(HostListFormat.Plain, _folder["hosts"])], IsJson = true };
        var engine = new CleanEngine(
            new BackstopOptions(), hasConfig: false, journal: null, new(new(null, TimeProvider.System), null), TimeProvider.System);
        var written = new List<MemoryStream>();
        var session = new CleanSession(
            options, show, new(options, engine, new RunStore(_folder["runs"], TimeProvider.System), TimeProvider.System), Output,
            TimeProvider.System);
        foreach (var (name, address) in new[] { ("one", "192.0.2.1"), ("two", "192.0.2.2"), ("three", "192.0.2.1") })
        {
            await using var source = new MboxSource(Mailbox(name, address), TimeProvider.System);
            Assert.True(await session.RunAsync(source, TestContext.Current.CancellationToken));
        }

        Assert.Contains(_folder["one"], File.ReadAllText(_folder["flood.html"]), StringComparison.Ordinal);
        Assert.Contains(_folder["two"], File.ReadAllText(_folder["flood-2.html"]), StringComparison.Ordinal);
        Assert.Contains(_folder["three"], File.ReadAllText(_folder["flood-3.html"]), StringComparison.Ordinal);
        var hosts = File.ReadAllText(_folder["hosts"]);
        Assert.Contains("192.0.2.1", hosts, StringComparison.Ordinal);
        Assert.Contains("192.0.2.2", hosts, StringComparison.Ordinal);
        Assert.All(
            written, json => Assert.Contains("\"backscatter\":1,", Encoding.UTF8.GetString(json.ToArray()), StringComparison.Ordinal));
        Assert.Equal(3, written.Count);

        Stream Output()
        {
            written.Add(new());
            return written[^1];
        }
    }

    [Theory]
    [InlineData("flood.html", 1, "flood.html")]
    [InlineData("flood.html", 2, "flood-2.html")]
    [InlineData("a.b/flood", 3, "a.b/flood-3")]
    public void Reports_are_numbered_from_the_second(string file, int number, string named) =>
        Assert.Equal(named, CleanSession.ReportFile(file, number));

    [Theory]
    [InlineData(false, 0, "Nothing was changed. To move 1 messages to Backscatter:", "backstop clean BOX --inbox-only --apply")]
    [InlineData(true, 1, "Moved 1 messages to Backscatter. To take it back:", "backstop undo RUN --state runs")]
    [InlineData(true, 0, "Nothing was moved: 1 messages were changed by another program meanwhile and stay: run it again", "")]
    public async Task Last_lines_say_what_was_done_and_the_next_command_where_there_is_one(
        bool isApply, int moved, string said, string command)
    {
        var options = new CleanOptions { IsWithoutSent = true };
        var (plan, sent, summary) = await FoundAsync(options);
        var show = new CleanOutput { Repeated = " --inbox-only", RepeatedByUndo = " --state runs" };
        var lines = CleanSentences
            .Of(plan, sent, summary with { Moved = moved, Run = "RUN" }, options with { IsApply = isApply }, show)
            .Select(l => l.Trim().Replace(summary.Mailbox, "BOX", StringComparison.Ordinal)).ToList();
        Assert.Equal(command.Length > 0 ? [said, command] : [said], lines[^(command.Length > 0 ? 2 : 1)..]);
    }

    /// <summary>A batch that a server broke off leaves messages that no program has changed.</summary>
    [Fact]
    public async Task Over_imap_the_server_may_have_broken_off()
    {
        var options = new CleanOptions { IsWithoutSent = true };
        var (plan, sent, summary) = await FoundAsync(options);
        var line = CleanSentences.Of(
            plan, sent, summary with { Mailbox = "imaps://me@mail.example.org:993/INBOX" }, options with { IsApply = true }, new()).Last();
        Assert.Equal(
            "Nothing was moved: 1 messages stay, because the server broke off or another program changed them meanwhile: run it again",
            line);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(CleanPlan Plan, SentMail Sent, CleanSummary Summary)> FoundAsync(CleanOptions options)
    {
        var engine = new CleanEngine(
            new BackstopOptions(), hasConfig: false, journal: null, new(new(null, TimeProvider.System), null), TimeProvider.System);
        var cleaner = new Cleaner(options, engine, new RunStore(_folder["runs"], TimeProvider.System), TimeProvider.System);
        await using var source = new MboxSource(Mailbox("one", "192.0.2.1"), TimeProvider.System);
        var outcome = await cleaner.RunAsync(source, null, new(), TestContext.Current.CancellationToken);
        return (outcome.Plan, outcome.Sent, outcome.Summary);
    }

    private string Mailbox(string name, string address)
    {
        var bounce = "From MAILER-DAEMON Sat Nov 28 10:00:00 2026\nReturn-Path: <>\n"
            + $"Received: from mx.far.example (mx.far.example [{address}]) by mx.example.org; Sat, 28 Nov 2026 10:00:00 +0000\n"
            + File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "tests", "mails", "bounce-qmail.eml"))
            .Replace("Return-Path:", "X-Was:", StringComparison.Ordinal)
            + "\n";
        File.WriteAllText(_folder[name], bounce);
        return _folder[name];
    }
}
