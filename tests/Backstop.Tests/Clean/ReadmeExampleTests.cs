using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Backstop.Clean;
using Backstop.Clean.Imap;
using Backstop.Clean.Running;
using Backstop.Mailboxes.Runs;

namespace Backstop.Tests.Clean;

/// <summary>The example in the README is code that runs: this test holds it word for word.</summary>
public sealed partial class ReadmeExampleTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task Moves_backscatter_and_brings_it_back()
    {
        var output = new StringWriter();
        var (mailbox, sent, runs) = (_folder["inbox"], _folder["sent"], _folder["runs"]);
        var ct = TestContext.Current.CancellationToken;
        var bounce = File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "tests", "mails", "bounce-qmail.eml"))
            .Replace("Return-Path:", "X-Was:", StringComparison.Ordinal);
        var before = "From MAILER-DAEMON Sat Nov 28 10:00:00 2026\nReturn-Path: <>\n" + bounce + "\n";
        await File.WriteAllTextAsync(mailbox, before, ct);
        await File.WriteAllTextAsync(
            sent,
            "From me Sat Nov 28 09:00:00 2026\nFrom: me@example.org\nTo: you@example.net\nMessage-ID: <1@example.org>\n\nHello\n\n",
            ct);

        var access = new ImapAccess(new ImapSecrets(ask: null, TimeProvider.System), CaFile: null);
        var store = new RunStore(runs, TimeProvider.System);
        var options = new CleanOptions { Sent = [sent], IsApply = true };
        var cleaner = new Cleaner(options, new CleanEngine(journal: null, access, TimeProvider.System), store, TimeProvider.System);
        await using var source = await new MailSources(store, access, TimeProvider.System).OpenAsync(mailbox, options, ct);
        using var stopped = await cleaner.ResumeAsync(source, output.WriteLine, ct);
        var outcome = await cleaner.RunAsync(source, stopped, new Meter(), ct);
        foreach (var campaign in outcome.Plan.Backscatter)
        {
            output.WriteLine($"{campaign.Count} {campaign.Label}");
        }

        if (outcome.Summary.Run is { } id && store.Open(id) is { } run)
        {
            using (run)
            {
                var undone = await new CleanUndo(access, TimeProvider.System).RunAsync(run, new Meter(), ct);
                output.WriteLine($"{undone.Restored} of {outcome.Summary.Moved} restored");
            }
        }

        Assert.EndsWith("1 of 1 restored\n", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(mailbox, ct));
        Assert.Equal((1, 1L), (outcome.Plan.Count(Pile.Backscatter), outcome.Summary.Sent));
    }

    [Fact]
    public void Example_of_the_readme_is_this_test()
    {
        var readme = File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "src", "Backstop.Clean", "README.md"));
        var example = Fence().Match(readme).Groups["code"].Value;
        Assert.InRange(example.Split('\n').Length, 10, 25);
        Assert.Contains(Lines(example), Lines(File.ReadAllText(Here())), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    // Indented as the test is, it is the same code.
    private static string Lines(string code) =>
        string.Join('\n', code.ReplaceLineEndings("\n").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0));

    private static string Here([CallerFilePath] string here = "") => here;

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();
}
