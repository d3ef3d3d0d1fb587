namespace Backstop.Interop;

/// <summary><c>learn</c> beside a damaged database: it names the file and what to do, changes nothing, and <c>scan</c> goes on.</summary>
public sealed class DamagedLearnerTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("this is no database, and long enough to be looked at as one", "file is not a database")]
    public async Task Learn_names_the_file_and_what_to_do_and_scan_goes_on(string content, string why)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["mail.eml"], "From: me@example.org\nMessage-ID: <1@example.org>\nSubject: x\n\nhello\n", Ct);
        Directory.CreateDirectory(folder["data"]);
        await File.WriteAllTextAsync(folder["data/bayes.db"], content, Ct);
        var output = await Tool.RunAsync(Server.Launcher, ["learn", "ham", "--data", folder["data"], folder["mail.eml"]], _limit, 75);
        Assert.Equal($"backstop: {folder["data/bayes.db"]}: {why}; move it away to begin a new one", output.Trim());
        Assert.Equal(content, await File.ReadAllTextAsync(folder["data/bayes.db"], Ct));
        await Tool.RunAsync(Server.Launcher, ["scan", folder["mail.eml"]], _limit, 0);
    }
}
