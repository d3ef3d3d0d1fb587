namespace Backstop.Interop;

/// <summary>The dashboard in Debian's Chromium, driven by Playwright: tests/Backstop.Browser/dashboard.mjs is the person.</summary>
public sealed class DashboardTests
{
    private const string Password = "correct horse battery staple";

    private static string Browser => Path.Combine(Checkout.Root, "tests", "Backstop.Browser");

    [Fact]
    public async Task A_person_sees_a_storm_gives_back_a_message_and_sets_strict_mode()
    {
        var node = NeedsBrowser();
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path, await PasswordAsync());
        var person = Tool.Start(
            node, Path.Combine(Browser, "dashboard.mjs"), $"http://127.0.0.1:{server.WebPort}", Password, "victim@bench.test",
            Path.Combine(Checkout.Root, "artifacts", "screenshots"));
        try
        {
            await person.WaitForAsync("send the storm", TimeSpan.FromMinutes(2));
            await Tool.RunAsync(
                Server.Launcher, [
                    "storm", "--to", $"127.0.0.1:{server.SmtpPort}", "--data", server.Data, "--victim", "victim@bench.test",
                    "--bounces", "500", "--legit", "40", "--genuine", "10", "--rate", "200"],
                TimeSpan.FromMinutes(2));
            await person.WaitForAsync("\nok", TimeSpan.FromMinutes(4));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Assert.Fail($"{error.Message}\n{person.Output}");
        }

        // Forty letters, ten genuine bounces, and the one that was given back.
        Assert.Equal(51, Directory.GetFiles(Path.Combine(server.Maildir("victim"), "new")).Length);
        var run = Path.GetFileName(Assert.Single(Directory.GetDirectories(Path.Combine(server.Data, "clean"))));
        await Tool.RunAsync(Server.Launcher, ["undo", run, "--state", server.Data], TimeSpan.FromMinutes(1));
        Assert.Equal(50, Directory.GetFiles(Path.Combine(server.Maildir("victim"), "new")).Length);
        Assert.Contains(
            "\"victim@bench.test\"",
            await File.ReadAllTextAsync(Path.Combine(server.Data, "overrides.json"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    /// <summary>
    /// Subjects, names, addresses, ids, searches and frames made to run in the owner's browser: tests/Backstop.Browser/hostile.mjs
    /// is the stranger and the owner.
    /// </summary>
    [Fact]
    public async Task What_strangers_write_is_only_words()
    {
        var node = NeedsBrowser();
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path, await PasswordAsync());
        var output = await Tool.RunAsync(
            node, [
                Path.Combine(Browser, "hostile.mjs"), $"http://127.0.0.1:{server.WebPort}", Password, $"{server.SmtpPort}",
                "victim@bench.test"], TimeSpan.FromMinutes(4));
        Assert.EndsWith("ok", output.Trim(), StringComparison.Ordinal);
    }

    /// <summary>What is vendored is what npm has.</summary>
    [Theory]
    [InlineData("uPlot.js", "dist/uPlot.iife.min.js")]
    [InlineData("uPlot.css", "dist/uPlot.min.css")]
    [InlineData("uPlot.LICENSE.txt", "LICENSE")]
    public void Vendored_files_are_those_of_the_package(string ours, string theirs) => Assert.Equal(
        File.ReadAllBytes(Path.Combine(Needs.Npm("uplot"), theirs)), File.ReadAllBytes(Path.Combine(
            Checkout.Root, "src", "Backstop.Server", "Web", "Assets", ours)));

    private static string NeedsBrowser()
    {
        Needs.Program("chromium", "chromium");
        Needs.Npm("playwright-core");
        return Needs.Program("node", "nodejs");
    }

    private static async Task<string> PasswordAsync()
    {
        var lines = await Tool.RunWithAsync(
            new Dictionary<string, string>(), Password + "\n", Server.Launcher, ["config", "password"], TimeSpan.FromMinutes(3));
        return lines.Split('\n').First(l => l.StartsWith("web.password", StringComparison.Ordinal));
    }
}
