namespace Backstop.Interop;

/// <summary>Every verb that takes several FILEs: the bad one among them is told of, and the others are done.</summary>
public sealed class BadInputTests
{
    private const string Missing = "/nowhere/at/all";

    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("explain", "0.eml", "1.eml")]
    [InlineData("explain --json", "\"path\":\"{0}/0.eml\"", "\"path\":\"{0}/1.eml\"")]
    [InlineData("scan", "0.eml: not spam", "1.eml: not spam")]
    [InlineData("scan --report", "Content analysis", "Content analysis")]
    [InlineData("learn ham --data {0}/data", "2 of 2 messages learned", "2 of 2 messages learned")]
    [InlineData("lint", "0.eml:", "1.eml:")]
    [InlineData("clean --no-sent --state {0}/state", "0.eml", "1.eml")]
    [InlineData("journal import --data {0}/data", "0.eml: 1 messages, 1 new", "1.eml: 1 messages, 1 new")]
    public async Task Bad_file_costs_the_others_nothing(string verb, string first, string last)
    {
        using var folder = new TempFolder();
        foreach (var number in new[] { 0, 1 })
        {
            // An mbox of one bounce, a message, and an rcfile with a mistake.
            var text = verb.StartsWith("clean", StringComparison.Ordinal) ? "From MAILER-DAEMON Tue Nov 24 05:01:00 2026\n"
                : verb == "lint" ? ":0:\n| cat\n:0\n"
                : "";
            await File.WriteAllTextAsync(
                folder[$"{number}.eml"],
                $"{text}From: me@example.org\nTo: you@example.org\nMessage-ID: <{number}@example.org>\nSubject: hello "
                    + $"{number}\n\nhello, this is number {number}\n",
                Ct);
        }

        var words = verb.Replace("{0}", folder.Path, StringComparison.Ordinal).Split(' ');
        var output = await Tool.RunAsync(Server.Launcher, [.. words, folder["0.eml"], Missing, folder["1.eml"]], _limit, 66);
        Assert.Contains(first.Replace("{0}", folder.Path, StringComparison.Ordinal), output, StringComparison.Ordinal);
        Assert.Contains(last.Replace("{0}", folder.Path, StringComparison.Ordinal), output, StringComparison.Ordinal);
        Assert.Single(
            output.Split('\n'),
            l => l.StartsWith("backstop: ", StringComparison.Ordinal) && l.Contains(Missing, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_bad_files_give_one_line_and_nothing_else()
    {
        var output = await Tool.RunAsync(Server.Launcher, ["explain", Missing], _limit, 66);
        Assert.Equal($"backstop: {Missing}: no such file or folder", output.Trim());
    }

    /// <summary>What could not be read is not marked as read.</summary>
    [Fact]
    public async Task Import_reads_again_where_a_message_could_not_be_read()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["sent"]);
        await File.WriteAllTextAsync(folder["sent/1"], "From: me@example.org\nMessage-ID: <1@example.org>\n\n1\n", Ct);
        File.CreateSymbolicLink(folder["sent/2"], folder["later"]);
        string[] import = ["journal", "import", "--data", folder["data"], folder["sent"]];
        Assert.Contains(
            "1 messages, 1 new, 1 not read", await Tool.RunAsync(Server.Launcher, import, _limit, 66), StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["later"], "From: me@example.org\nMessage-ID: <2@example.org>\n\n2\n", Ct);
        File.SetLastWriteTimeUtc(folder["later"], new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Contains("2 messages, 1 new", await Tool.RunAsync(Server.Launcher, import, _limit, 0), StringComparison.Ordinal);
    }
}
