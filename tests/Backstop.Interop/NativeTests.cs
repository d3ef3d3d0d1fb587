using System.Text.RegularExpressions;

namespace Backstop.Interop;

/// <summary>
/// The program under test, which is the one compiled ahead of time where that was built, says what the build says that the unit tests
/// have looked into.
/// </summary>
public sealed class NativeTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(5);

    private static string Mails => Path.Combine(Checkout.Root, "tests", "mails");

    [Theory]
    [InlineData(1, "explain", "--json")]
    [InlineData(1, "scan", "--json")]
    public async Task Every_golden_mail_is_judged_alike(int code, params string[] verb)
    {
        var mails = Directory.EnumerateFiles(Mails, "*.eml").Order(StringComparer.Ordinal).ToList();
        var lines = await SaysAsync(code, [.. verb, .. mails]);
        Assert.Equal(mails.Count, lines.Split('\n').Length);
    }

    [Theory]
    [InlineData(0, "config", "keys")]
    [InlineData(0, "--help")]
    [InlineData(0, "queue", "redirect", "--help")]
    [InlineData(0, "completion", "bash")]
    [InlineData(64, "clean", "--halp")]
    [InlineData(66, "config", "check", "/nowhere.toml")]
    public Task The_same_is_said(int code, params string[] arguments) => SaysAsync(code, arguments);

    [Fact]
    public async Task Bash_completes_verbs_options_and_files()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "a.eml"), "", TestContext.Current.CancellationToken);
        Assert.Equal("queue", await CompleteAsync("backstop", "que"));
        Assert.Equal("redirect release restore", await CompleteAsync("backstop", "queue", "re"));
        Assert.Equal("--deleted", await CompleteAsync("backstop", "queue", "list", "--del"));
        Assert.Equal("a.eml", await CompleteAsync("backstop", "explain", "a."));
        Assert.Equal("", await CompleteAsync("backstop", "queue", "a."));

        async Task<string> CompleteAsync(params string[] words)
        {
            var script = $"source <({Server.Launcher} completion bash); cd '{folder.Path}'; COMP_WORDS=({string.Join(' ', words)}); "
                + $"COMP_CWORD={words.Length - 1}; _backstop; printf '%s\\n' \"${{COMPREPLY[@]}}\" | sort | paste -sd' '";
            return (await Tool.RunAsync("/bin/bash", ["-c", script], _limit)).Trim();
        }
    }

    private static async Task<string> SaysAsync(int code, params string[] arguments)
    {
        Needs.Check(Server.Launcher.Contains("native", StringComparison.Ordinal), "eng/native.sh has not run (./test does it with gcc)");
        var ours = await Tool.RunAsync(Server.Launcher, arguments, _limit, code);
        var jit = await Tool.RunAsync(
            "dotnet", [Path.Combine(Checkout.Root, "artifacts", "bin", "Backstop", "release", "backstop.dll"), .. arguments], _limit, code);
        Assert.Equal(Timeless(jit), Timeless(ours));
        return ours;
    }

    // Without how long it took.
    private static string Timeless(string output) => Regex.Replace(
        output, "\"milliseconds\":[0-9.E-]+", "\"milliseconds\":0", RegexOptions.None, TimeSpan.FromSeconds(5));
}
