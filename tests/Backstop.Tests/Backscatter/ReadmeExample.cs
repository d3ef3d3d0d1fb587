using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>The example of the library's README, word for word; <see cref="ApiPageTests"/> compares.</summary>
public sealed class ReadmeExample
{
    [Fact]
    public async Task Example_reads_a_bounce()
    {
        var ct = TestContext.Current.CancellationToken;
        var path = Path.Combine(HouseRulesTests.Root(), "tests", "mails", "bounce-postfix.eml");
        await using var stream = File.OpenRead(path);
        var report = await BounceClassifier.ReadAsync(stream, ct);
        if (report.Kind is MailKind.Bounce or MailKind.Delay)
        {
            Console.WriteLine($"{report.Kind} ({report.Format}) by {report.ReportingMta}");
            foreach (var recipient in report.Recipients)
            {
                Console.WriteLine($"{recipient.Address} {recipient.Action} {recipient.Status} {recipient.Diagnostic}");
                var evidence = string.Join(", ", recipient.Class?.Evidence ?? []);
                Console.WriteLine($"{recipient.Class?.Word}: {recipient.Class?.Reason}, for {evidence}");
            }

            Console.WriteLine($"returns {report.Returned.MessageId} \"{report.Returned.Subject}\"");
        }
        else if (report.IsFake)
        {
            Console.WriteLine($"dressed as a bounce: {string.Join(", ", report.Evidence)}");
        }

        Assert.StartsWith("Bounce (rfc3464) by mail4.example.net", string.Join('\n', Console.Lines), StringComparison.Ordinal);
        Assert.Contains("hard: MailboxUnknown, for reply says \"user unknown\", status 5.1.1", Console.Lines);
    }

    /// <summary>Stands in for the real one, which all tests share.</summary>
    private static class Console
    {
        public static List<string> Lines { get; } = [];

        public static void WriteLine(string line) => Lines.Add(line);
    }
}
