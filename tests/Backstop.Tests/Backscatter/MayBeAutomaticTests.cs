using Backstop.Backscatter.Bounces;
using Backstop.Mail;

namespace Backstop.Tests.Backscatter;

/// <summary>Over IMAP only the header is fetched at first: whatever is no mail must say so there, or it is never seen.</summary>
public sealed class MayBeAutomaticTests
{
    public static TheoryData<string> Mails =>
    [
        .. new[] { Path.Combine("tests", "mails"), Path.Combine("tests", "bounce-cases", "mails") }
            .SelectMany(f => Directory.EnumerateFiles(Path.Combine(HouseRulesTests.Root(), f), "*.eml"))
            .Select(f => Path.GetRelativePath(HouseRulesTests.Root(), f)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Mails))]
    public void Header_of_a_report_opens_the_gate(string path)
    {
        var message = File.ReadAllBytes(Path.Combine(HouseRulesTests.Root(), path));
        var report = BounceClassifier.Classify(message, null);
        var body = HeaderScan.ScanDamaged(message, [], out _);
        Assert.True(
            (report.Kind == MailKind.None && !report.IsFake) || BounceClassifier.MayBeAutomatic(message.AsMemory(0, body)),
            report.Kind.ToString());
    }

    [Theory]
    [InlineData("From: A <a@b.example>\nContent-Type: text/plain\n\n", false)]
    [InlineData("From: A <a@b.example>\nContent-Type: multipart/mixed; boundary=x\n\n", true)]
    [InlineData("From: A <a@b.example>\nContent-Type: application/ms-tnef; name=winmail.dat\n\n", true)]
    [InlineData("From: A <a@b.example>\nContent-Type: application/json\n\n", true)]
    [InlineData("From: A <a@b.example>\nbroken\nTo: me@example.org\nContent-Type: multipart/report; boundary=x\n\n", true)]
    [InlineData("broken\nFrom: A <a@b.example>\nContent-Type: multipart/report; boundary=x\n\n", true)]
    public void Structure_that_may_hold_a_report_opens_it_too(string header, bool expected) =>
        Assert.Equal(expected, BounceClassifier.MayBeAutomatic(System.Text.Encoding.ASCII.GetBytes(header)));
}
