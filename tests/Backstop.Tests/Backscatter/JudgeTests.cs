using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;

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
        { "covered, but a real sender would get a bounce from its server", MailKind.Bounce, false, BatvOutcome.None, false, 14, "File Backscatter bounce:unproved" },
        { "a valid tag beats everything", MailKind.Bounce, true, BatvOutcome.Pass, false, 14, "Deliver INBOX batv:pass" },
        { "postmaster is a person", MailKind.Bounce, true, BatvOutcome.None, true, 14, "Deliver INBOX role:bounce" },
        { "automatic answers are filed, never refused", MailKind.AutoReply, true, BatvOutcome.None, false, 14, "File Backscatter autoreply:unproved" },
        { "read receipts are delivered", MailKind.Mdn, true, BatvOutcome.None, false, 14, "Deliver INBOX mdn" },
        { "complaints are delivered", MailKind.FeedbackReport, false, BatvOutcome.None, false, 14, "Deliver INBOX feedback-report" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Verdict_follows_the_rules(string label, MailKind kind, bool isNull, BatvOutcome tag, bool isRole, int daysCovered, string expected)
    {
        var journal = new Journal { Covered = daysCovered == 0 ? default : new(100, _now.AddDays(-daysCovered)) };
        Assert.True(expected == Decide(journal, Report(kind, isNull), tag, isRole), label);
    }

    [Fact]
    public void Known_message_id_is_proof() =>
        Assert.Equal("Deliver INBOX journal:message-id", Decide(new() { Ids = { "sent@example.org" } }, Report(MailKind.Bounce, true)));

    [Fact]
    public void Known_recipient_is_proof() =>
        Assert.Equal("Deliver INBOX journal:recipient", Decide(new() { Recipients = { "you@example.com" } }, Report(MailKind.Bounce, true)));

    [Fact]
    public void Answer_from_somebody_we_wrote_to_is_wanted() =>
        Assert.Equal("Deliver INBOX journal:recipient", Decide(new() { Recipients = { "desk@example.net" } }, Report(MailKind.AutoReply, false)));

    [Fact]
    public void Few_messages_do_not_cover_an_address() =>
        Assert.Equal("File Backscatter bounce:unproved", Decide(new() { Covered = new(19, _now.AddYears(-1)) }, Report(MailKind.Bounce, true)));

    private static BounceReport Report(MailKind kind, bool isNull) => new(
        kind, "text", isNull, kind is MailKind.AutoReply ? [] : [new("you@example.com", "failed", "5.1.1", null)],
        new("sent@example.org", "me@example.org", "you@example.com", "hello", null, "quoted"), "desk@example.net", []);

    private static string Decide(Journal journal, BounceReport report, BatvOutcome tag = BatvOutcome.None, bool isRole = false)
    {
        var judge = new Judge(journal, UnprovedPolicy.Auto, TimeSpan.FromDays(14), 20);
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
