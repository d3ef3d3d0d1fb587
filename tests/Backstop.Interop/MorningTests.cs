using System.Text.Json;

namespace Backstop.Interop;

/// <summary>The founding morning, end to end, with our own generator and with one that somebody else wrote.</summary>
public sealed class MorningTests
{
    [Fact]
    public async Task Own_storm_all_wanted_mail_in_the_inbox_and_no_forged_bounce()
    {
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path);
        var output = await Tool.RunAsync(
            Server.Launcher,
            ["storm", "--to", $"127.0.0.1:{server.SmtpPort}", "--data", server.Data, "--victim", "victim@bench.test",
                "--bounces", "20000", "--legit", "500", "--genuine", "400", "--json"],
            TimeSpan.FromMinutes(5));
        var summary = JsonDocument.Parse(output.Split('\n').Last(l => l.StartsWith('{'))).RootElement;
        Assert.Equal(500, summary.GetProperty("legit").GetProperty("inInbox").GetInt32());
        Assert.Equal(400, summary.GetProperty("genuine").GetProperty("inInbox").GetInt32());
        var bounces = summary.GetProperty("bounces");
        Assert.Equal(0, bounces.GetProperty("inInbox").GetInt32());
        Assert.Equal(0, bounces.GetProperty("missing").GetInt32());
        Assert.Equal(
            20000,
            bounces.GetProperty("inOtherFolders").GetInt32() + bounces.GetProperty("refusedAtRcpt").GetInt32()
                + bounces.GetProperty("refusedAtData").GetInt32() + bounces.GetProperty("deferred").GetInt32());
        Assert.Equal(0, summary.GetProperty("duplicatesInFolders").GetInt32());
        Assert.Contains("\"messagesGenerated\": 0", await server.StatusAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Treats_each_kind_of_mail_right_in_a_storm_over_lmtp()
    {
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        using var server = await Server.StartAsync(folder.Path, "backscatter.unproved = \"file\"");
        var journal = await StormC.JournalAsync(server, 50, 5);
        var table = folder["lmtp.tsv"];
        await Tool.RunAsync(
            storm,
            ["-T", "-P", "-m", "20", "-p", $"{server.LmtpPort}", "-o", table, "-n", "3000", "-c", "20", "-j", journal, "-S", "5"],
            TimeSpan.FromMinutes(2));
        await server.DeliveredAsync();
        var sent = StormC.Read(table);
        Assert.All(sent, s => Assert.Equal(250, s.Code));
        var inbox = StormC.Ids(server.Maildir("victim"));
        Assert.All(sent.Where(s => s.Kind == "genuine"), s => Assert.Equal(1, inbox.GetValueOrDefault(s.Id)));
        Assert.DoesNotContain(sent, s => s.Kind == "forged" && inbox.ContainsKey(s.Id));
        Assert.Equal(sent.Count(s => s.Kind == "legit"), StormC.Ids(server.Maildir("legit")).Count);
    }

    [Theory]
    [InlineData("file", 11)]
    [InlineData("refuse", 12)]
    public async Task Treats_each_kind_of_mail_right_in_an_independent_storm(string unproved, int seed)
    {
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        using var server = await Server.StartAsync(folder.Path, $"backscatter.unproved = \"{unproved}\"");
        var journal = await StormC.JournalAsync(server, 400, seed);
        var sent = await StormC.RunAsync(storm, server, "-n", "20000", "-c", "50", "-u", "20", "-j", journal, "-S", $"{seed}");
        await server.DeliveredAsync();

        var inbox = StormC.Ids(server.Maildir("victim"));
        var filed = StormC.Ids(server.Maildir("victim"), "Backscatter");
        var legit = StormC.Ids(server.Maildir("legit"));
        Assert.Equal(20000, sent.Count);
        Assert.All(sent.Where(s => s.Kind == "unknown"), s => Assert.Equal(550, s.Code));
        Assert.All(sent.Where(s => s.Kind == "legit"), s => Assert.Equal(1, legit.GetValueOrDefault(s.Id)));
        Assert.All(sent.Where(s => s.Kind == "genuine"), s => Assert.Equal(1, inbox.GetValueOrDefault(s.Id)));
        var forged = sent.Where(s => s.Kind == "forged").ToList();
        Assert.All(forged, s => Assert.Equal(s.Code == 250 ? 1 : 0, inbox.GetValueOrDefault(s.Id) + filed.GetValueOrDefault(s.Id)));
        Assert.InRange(forged.Count(s => inbox.ContainsKey(s.Id)), 0, forged.Count / 100);
    }
}
