using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Backscatter;

/// <summary>
/// 142 mails that were hard for bounce readers, in tests/bounce-cases: kind, recipient, Message-ID and status as <c>cases.tsv</c>
/// lists them.
/// </summary>
public sealed class BounceCaseTests
{
    // Why a case is not read as it is listed. Nothing wanted stands here.
    private static readonly Dictionary<string, string> _differs = new(StringComparer.Ordinal)
    {
        ["ticket-reject"] = "from <>, it names nobody, returns nothing and repeats no reply: a parcel that could not be delivered says "
            + "as much",
    };

    public static TheoryData<string, string, string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string, string, string>();
            foreach (
                var row in File.ReadLines(Path.Combine(
                    Folder, "cases.tsv")).Skip(1).Select(l => l.Split('\t')).Where(r => !_differs.ContainsKey(r[0])))
            {
                cases.Add(row[0], row[1], row[2], row[3], row[4]);
            }

            return cases;
        }
    }

    private static string Folder => Path.Combine(HouseRulesTests.Root(), "tests", "bounce-cases");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case_is_read_as_listed(string name, string kind, string recipient, string messageId, string status)
    {
        var report = BounceClassifier.Classify(File.ReadAllBytes(Path.Combine(Folder, "mails", name + ".eml")), null);
        Assert.Equal(kind, report.Kind.Word());
        Assert.True(
            recipient.Length == 0
                || report.Recipients is [{ } first, ..] && first.Address.Equals(recipient, StringComparison.OrdinalIgnoreCase),
            "recipient");
        Assert.True(messageId.Length == 0 || report.Returned.MessageId == messageId, "Message-ID");
        Assert.True(status.Length == 0 || report.Recipients[0].Status == status, "status");
    }

    /// <summary>Whatever a wanted mail is called, with nothing known of what was sent it is delivered.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Wanted_mail_is_never_filed(string name, string kind, string recipient, string messageId, string status)
    {
        _ = (recipient, messageId, status);
        var isOwn = name is "own-mta-bounce" or "postfix-notice-local" || name.StartsWith("amavis-admin", StringComparison.Ordinal);
        if (kind != "none" && !isOwn)
        {
            return;
        }

        var verdict = EmptyJudge.Decide(BounceClassifier.Classify(File.ReadAllBytes(Path.Combine(Folder, "mails", name + ".eml")), null));
        Assert.Equal(VerdictAction.Deliver, verdict.Action);
    }

    [Fact]
    public void Cases_that_differ_are_still_different() => Assert.All(_differs.Keys, name =>
    {
        var kind = File.ReadLines(Path.Combine(Folder, "cases.tsv")).First(l => l.StartsWith(name + "\t", StringComparison.Ordinal))
            .Split('\t')[1];
        Assert.NotEqual(kind, BounceClassifier.Classify(File.ReadAllBytes(Path.Combine(Folder, "mails", name + ".eml")), null).Kind.Word());
    });

    [Theory]
    [InlineData(
        "no-viruses",
        "Subject: scan\nReturn-Path: <>\nFrom: Gate <scan@gw.example>\nTo: me@example.org\n\nNo viruses were found in the message.\n",
        "none", "Deliver")]
    [InlineData(
        "forwarded-part",
        "Subject: Fwd: Undelivered Mail\nReturn-Path: <a@b.example>\nFrom: A <a@b.example>\nTo: me@example.org\nContent-Type: "
            + "multipart/mixed; boundary=x\n\n--x\n\nwhat is this?\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "
            + "mx.b.example\n\nFinal-Recipient: rfc822; c@d.example\nAction: failed\nStatus: 5.1.1\n--x--\n",
        "none", "Deliver")]
    [InlineData(
        "person-attaches-log",
        "Subject: Undeliverable: our mails\nReturn-Path: <a@b.example>\nFrom: A <a@b.example>\nTo: me@example.org\nContent-Type: "
            + "multipart/mixed; boundary=x\n\n--x\n\nYour message could not be delivered, they say.\n--x\nContent-Type: "
            + "application/zip; name=log.zip\n\nPK\n--x--\n",
        "none", "Deliver")]
    [InlineData(
        "human-postmaster",
        "Subject: Mail delivery failed\nReturn-Path: <postmaster@b.example>\nFrom: Postmaster <postmaster@b.example>\nUser-Agent: "
            + "Mozilla Thunderbird\nTo: me@example.org\n\nYour message could not be delivered: 550 5.1.1 user unknown. I have mended "
            + "the alias bob@b.example, please try again.\n",
        "none", "Deliver")]
    public void Words_are_read_in_their_place(string label, string message, string kind, string action)
    {
        var report = BounceClassifier.Classify(Encoding.UTF8.GetBytes(message), null);
        Assert.True(kind == report.Kind.Word(), $"{label}: {report.Kind.Word()} {report.Format}, {string.Join(", ", report.Evidence)}");
        Assert.Equal(action, EmptyJudge.Decide(report).Action.ToString());
    }

    [Fact]
    public void Both_sides_of_the_evidence_are_told()
    {
        var report = BounceClassifier.Classify(
            "Subject: Out of office next week\nFrom: A <a@b.example>\nTo: me@example.org\n\nI will be out of the office.\n"u8.ToArray(),
            null);
        Assert.Equal(MailKind.None, report.Kind);
        Assert.Contains("subject says \"Out of Office\"", report.Evidence);
        Assert.Contains("no sign that it answers a message", report.EvidenceAgainst);
    }
}
