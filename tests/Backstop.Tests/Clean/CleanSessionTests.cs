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

    public void Dispose() => _folder.Dispose();

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
