using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Backscatter;

public sealed class JudgeTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, MailKind, bool, BatvOutcome, bool, int, string> Rows => new()
    {
        // label, kind, null sender, tag, role, days covered, verdict
        { "mail is mail", MailKind.None, false, BatvOutcome.None, false, 99, "Deliver INBOX mail" },
        { "null-sender mail that is no bounce", MailKind.None, true, BatvOutcome.None, false, 99, "Deliver INBOX mail" },
        { "day one: nothing is refused", MailKind.Bounce, true, BatvOutcome.None, false, 0, "File Backscatter bounce:unproved" },
        { "not covered long enough", MailKind.Bounce, true, BatvOutcome.None, false, 13, "File Backscatter bounce:unproved" },
        { "covered", MailKind.Bounce, true, BatvOutcome.None, false, 14, "Refuse  bounce:unproved" },

        {
            "covered, but a real sender would get a bounce from its server", MailKind.Bounce, false, BatvOutcome.None, false, 14,
            "File Backscatter bounce:unproved"
        },
        { "a valid tag beats everything", MailKind.Bounce, true, BatvOutcome.Pass, false, 14, "Deliver INBOX batv:pass" },
        { "postmaster is a person", MailKind.Bounce, true, BatvOutcome.None, true, 14, "Deliver INBOX role:bounce" },

        {
            "automatic answers are filed, never refused", MailKind.AutoReply, true, BatvOutcome.None, false, 14,
            "File Backscatter autoreply:unproved"
        },
        { "read receipts are delivered", MailKind.Mdn, true, BatvOutcome.None, false, 14, "Deliver INBOX mdn" },
        { "a forged tag is refused at once", MailKind.Bounce, true, BatvOutcome.Forged, false, 0, "Refuse  batv:forged" },
        { "an expired tag is refused at once", MailKind.Delay, true, BatvOutcome.Expired, false, 0, "Refuse  batv:expired" },
        { "a failing tag on a receipt is no reason to refuse it", MailKind.Mdn, true, BatvOutcome.Forged, false, 99, "Deliver INBOX mdn" },
        { "a failing tag on mail is no reason to refuse it", MailKind.None, true, BatvOutcome.Forged, false, 99, "Deliver INBOX mail" },

        {
            "a failing tag from a real sender is filed", MailKind.Bounce, false, BatvOutcome.Forged, false, 99,
            "File Backscatter bounce:unproved"
        },
        { "a failing tag does not reach past a role", MailKind.Bounce, true, BatvOutcome.Forged, true, 99, "Deliver INBOX role:bounce" },
        { "complaints are delivered", MailKind.FeedbackReport, false, BatvOutcome.None, false, 14, "Deliver INBOX feedback-report" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Verdict_follows_the_rules(
        string label, MailKind kind, bool isNull, BatvOutcome tag, bool isRole, int daysCovered, string expected)
    {
        var journal = new Journal { Covered = daysCovered == 0 ? default : new(100, _now.AddDays(-daysCovered)) };
        Assert.True(expected == Decide(journal, Report(kind, isNull), tag, isRole), label);
    }

    [Fact]
    public void Known_message_id_is_proof() =>
        Assert.Equal("Deliver INBOX journal:message-id", Decide(new() { Ids = { "sent@example.org" } }, Report(MailKind.Bounce, true)));

    [Fact]
    public void Known_recipient_is_proof() =>
        Assert.Equal(
            "Deliver INBOX journal:recipient", Decide(new() { Recipients = { "you@example.com" } }, Report(MailKind.Bounce, true)));

    [Fact]
    public void Answer_from_somebody_we_wrote_to_is_wanted() =>
        Assert.Equal(
            "Deliver INBOX journal:recipient", Decide(new() { Recipients = { "desk@example.net" } }, Report(MailKind.AutoReply, false)));

    [Fact]
    public void Few_messages_do_not_cover_an_address() =>
        Assert.Equal(
            "File Backscatter bounce:unproved", Decide(new() { Covered = new(19, _now.AddYears(-1)) }, Report(MailKind.Bounce, true)));

    /// <summary>Answers to mail that nobody saw: some of it leaves another way, and its bounces would be refused.</summary>
    [Theory]
    [InlineData(4, 0, "Refuse  bounce:unproved")]
    [InlineData(10, 8, "File Backscatter bounce:unproved")]
    [InlineData(10, 9, "Refuse  bounce:unproved")]
    public void Mail_that_left_unseen_keeps_bounces_from_being_refused(int replies, int known, string expected) =>
        Assert.Equal(expected, Decide(new() { Covered = new(100, _now.AddYears(-1), replies, known) }, Report(MailKind.Bounce, true)));

    [Fact]
    public void Mail_that_says_it_passed_our_host_is_filed_rather_than_refused()
    {
        var report = Report(MailKind.Bounce, true);
        var covered = new Journal { Covered = new(100, _now.AddYears(-1)) };
        Assert.Equal("Refuse  bounce:unproved", Decide(covered, With(report, "from pc (helo mx.example.org) by relay.example.net; Tue")));
        Assert.Equal("Refuse  bounce:unproved", Decide(covered, With(report, "from pc by mx.example.org.evil.example with ESMTP; Tue")));
        Assert.Equal("File Backscatter bounce:unproved", Decide(covered, With(report, "from pc by MX.example.org with ESMTP id 1; Tue")));
    }

    /// <summary>Weak, so it delivers and never refuses: that it is missing says nothing.</summary>
    [Theory]
    [InlineData("X-Campaign-Id: s3cret-17", "Deliver INBOX own-field:pass")]
    [InlineData("X-Campaign-Id: guess-17", "Refuse  bounce:unproved")]
    [InlineData("X-Other: s3cret-17", "Refuse  bounce:unproved")]
    public void Own_field_in_the_returned_header_is_proof(string header, string expected)
    {
        var report = Report(MailKind.Bounce, true);
        report = report with { Returned = report.Returned with { Header = Encoding.ASCII.GetBytes(header + "\r\n") } };
        Assert.Equal(expected, Decide(new() { Covered = new(100, _now.AddYears(-1)) }, report));
    }

    [Fact]
    public void Receipt_that_rejects_needs_a_proof_as_a_bounce_does() =>
        Assert.Equal(
            "File Backscatter mdn:unproved",
            Decide(new(), Report(MailKind.Mdn, true) with { Recipients = [new("you@example.com", "failed", null, null)] }));

    [Fact]
    public void Fake_bounce_is_filed() =>
        Assert.Equal("File Backscatter fake-bounce", Decide(new(), Report(MailKind.None, false) with { Format = BounceReport.FakeFormat }));

    private static BounceReport With(BounceReport report, string received) =>
        report with { Returned = report.Returned with { Received = [received] } };

    private static BounceReport Report(MailKind kind, bool isNull) => new(
        kind, "text", isNull, kind is MailKind.AutoReply or MailKind.Mdn ? [] : [new("you@example.com", "failed", "5.1.1", null)],
        new("sent@example.org", "me@example.org", "you@example.com", "hello", null, "quoted"), "desk@example.net", []);

    private static string Decide(Journal journal, BounceReport report, BatvOutcome tag = BatvOutcome.None, bool isRole = false)
    {
        var judge = new Judge(
            new(journal, new([]), new([], TimeSpan.Zero), new(["mx.example.org"]), OwnFields.Parse(["X-Campaign-Id: s3cret-"])),
            journal,
            UnprovedPolicy.Auto,
            new(TimeSpan.FromDays(14), 20, 0.9));
        var verdict = judge.Decide(report, new(isRole, tag, ["me@example.org"]), _now).Verdict;
        return $"{verdict.Action} {verdict.Folder} {verdict.Reason}";
    }

    private sealed class Journal : ISentJournal
    {
        public HashSet<string> Ids { get; } = [];

        public HashSet<string> Recipients { get; } = [];

        public Coverage Covered { get; init; }

        public bool HasMessageId(string messageId) => Ids.Contains(messageId);

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => Recipients.Contains(recipient);

        public Coverage Coverage(string ours) => Covered;
    }
}
