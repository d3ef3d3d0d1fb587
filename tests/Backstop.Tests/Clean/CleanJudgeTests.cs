using System.Text;
using Backstop.Clean;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;

namespace Backstop.Tests.Clean;

/// <summary>When the server's judge is not trusted with what lies in a mailbox already.</summary>
public sealed class CleanJudgeTests
{
    private static readonly DateTimeOffset _arrival = new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("a bounce of what was never sent", nameof(Pile.Backscatter), "bounce:unproved")]
    [InlineData("a bounce of what was sent, by its id", nameof(Pile.Ours), "journal:message-id", "returned@example.org", "")]
    [InlineData("a bounce from whom was written to", nameof(Pile.Ours), "journal:recipient", "", "gone@far.example")]
    [InlineData(
        "it returns an id, so that somebody else there was written to says nothing", nameof(Pile.Backscatter), "bounce:unproved", "",
        "other@far.example")]
    public void Bounce_is_judged_by_what_was_sent(string label, string pile, string reason, string id = "", string to = "")
    {
        var sent = Sent("x@example.org", "somebody@else.example");
        sent.Add(new SentHeader(null, id.Length > 0 ? id : null, to.Length > 0 ? [MailAddress.TryParse(to)!] : [], null));
        Assert.Equal((Enum.Parse<Pile>(pile), reason), Judge(sent, Bounce(), label));
    }

    [Fact]
    public void Nothing_counts_as_backscatter_while_nothing_that_was_sent_is_known()
    {
        Assert.Equal((Pile.Unsure, Doubts.NothingSent.Word), Judge(new SentMail(null, 0), Bounce()));
        Assert.Equal((Pile.Backscatter, "bounce:unproved"), Judge(new SentMail(null, 0), Bounce(), needsSent: false));
    }

    /// <summary>The prefix that only machines write names an answer; without a machine's sign it is not moved.</summary>
    [Theory]
    [InlineData("", nameof(Pile.Unsure), "words:only")]
    [InlineData("Auto-Submitted: auto-replied\n", nameof(Pile.Backscatter), "autoreply:unproved")]
    [InlineData("Precedence: junk\n", nameof(Pile.Backscatter), "autoreply:unproved")]
    public void Automatic_answer_is_moved_only_with_a_machines_sign(string field, string pile, string reason) => Assert.Equal(
        (Enum.Parse<Pile>(pile), reason),
        Judge(
            Sent("x@example.org", "y@z.example"),
            $"{field}Return-Path: <kim@far.example>\nFrom: kim@far.example\nTo: me@example.org\nSubject: Automatic reply: "
                + $"plans\nIn-Reply-To: <a@b.example>\n\nBack on Monday.\n"));

    [Fact]
    public void Message_marked_by_its_owner_stays() =>
        Assert.Equal((Pile.Unsure, Doubts.Marked.Word), Judge(Sent("x@example.org", "y@z.example"), Bounce(), isMarked: true));

    [Theory]
    [InlineData(1, 40, nameof(Pile.Unsure))]
    [InlineData(-10, 40, nameof(Pile.Backscatter))]
    [InlineData(1, 3, nameof(Pile.Backscatter))]
    public void Before_sent_mail_begins_nothing_is_certain_if_it_reaches_back_far_enough_to_tell(int firstDays, int span, string pile)
    {
        // Servers retry for five days, so that a bounce may be so much later than what it returns.
        var first = _arrival.AddDays(firstDays + 5);
        var sent = new SentMail(null, 0);
        sent.Add(new SentHeader(null, "1@example.org", [], first));
        sent.Add(new SentHeader(null, "2@example.org", [], first.AddDays(span)));
        Assert.Equal(Enum.Parse<Pile>(pile), Judge(sent, Bounce()).Pile);
    }

    [Theory]
    [InlineData("other@far.example", nameof(Pile.Unsure), "sent:domain")]
    [InlineData("other@near.example", nameof(Pile.Backscatter), "bounce:unproved")]
    public void Report_without_an_id_from_a_domain_that_was_written_to_is_unsure(string to, string pile, string reason) =>
        Assert.Equal((Enum.Parse<Pile>(pile), reason), Judge(Sent("x@example.org", to), Bounce(returned: "")));

    /// <summary>What clean keeps the server delivers, by the same proof.</summary>
    [Theory]
    [InlineData("In-Reply-To: <thread@example.org>", nameof(Pile.Ours), "journal:message-id")]
    [InlineData("References: <old@example.org> <thread@example.org>", nameof(Pile.Ours), "journal:message-id")]
    [InlineData("In-Reply-To: <other@example.org>", nameof(Pile.Backscatter), "bounce:unproved")]
    public void Id_that_a_report_answers_is_asked_for(string field, string pile, string reason) =>
        Assert.Equal(
            (Enum.Parse<Pile>(pile), reason), Judge(Sent("thread@example.org", "y@z.example"), field + "\n" + Bounce(returned: "")));

    [Fact]
    public void Own_field_keeps_what_returns_it()
    {
        var bounce = Bounce("Message-ID: <1@lists.example>\nFrom: me@example.org\nX-Campaign-Id: s3cret-9\nTo: gone@far.example\n\nbuy\n");
        var sent = Sent("x@example.org", "y@z.example");
        Assert.Equal(Pile.Backscatter, JudgeOf(sent, true).Judge(Encoding.ASCII.GetBytes(bounce), _arrival, false).Pile);
        var kept = JudgeOf(sent, true, "X-Campaign-Id: s3cret-").Judge(Encoding.ASCII.GetBytes(bounce), _arrival, false);
        Assert.Equal((Pile.Ours, "own-field:pass"), (kept.Pile, kept.Reason.Word));
    }

    [Fact]
    public void Mail_and_complaints_stay()
    {
        var sent = Sent("x@example.org", "y@z.example");
        Assert.Equal(
            (Pile.Mail, "mail"),
            Judge(sent, "From: a@b.example\nTo: me@example.org\nSubject: Undelivered Mail Returned to Sender?\n\nwhat is this?\n"));
        var complaint = File.ReadAllText(
            Directory.EnumerateFiles(Path.Combine(HouseRulesTests.Root(), "tests", "mails"), "feedback-report-amazon-ses.eml").First());
        Assert.Equal(Pile.Mail, Judge(sent, complaint).Pile);
    }

    /// <summary>A flood hits addresses that never were at domains that everybody writes to.</summary>
    [Theory]
    [InlineData(5, nameof(Pile.Unsure))]
    [InlineData(6, nameof(Pile.Backscatter))]
    public void Many_doubtful_reports_from_one_domain_are_a_flood(int reports, string pile)
    {
        var judge = JudgeOf(Sent("x@example.org", "other@far.example"), true);
        var found = Enumerable.Range(1, reports)
            .Select(i =>
            new FoundMail(
                "box", _arrival, judge.Judge(Encoding.ASCII.GetBytes(Bounce(returned: "")), _arrival, false))
            { Order = i }).ToList();
        var plan = CleanPlan.Make(found, new());
        Assert.Equal(reports, plan.Count(Enum.Parse<Pile>(pile)));
        Assert.Equal(pile == nameof(Pile.Backscatter) ? reports : 0, plan.ToMove.Count);
    }

    [Fact]
    public void Unsure_campaign_goes_only_when_it_is_named()
    {
        var judge = JudgeOf(new SentMail(null, 0), true);
        var found = new List<FoundMail> { new(
            "box", _arrival, judge.Judge(Encoding.ASCII.GetBytes(Bounce()), _arrival, false)) { Order = 1 } };
        Assert.Empty(CleanPlan.Make(found, new()).ToMove);
        var id = CleanPlan.Make(found, new()).Unsure.Single().Id;
        Assert.Single(CleanPlan.Make(found, new() { Only = [id] }).ToMove);
        Assert.Empty(CleanPlan.Make(found, new() { Only = [id], Since = _arrival.AddSeconds(1) }).ToMove);
        Assert.Empty(CleanPlan.Make(found, new() { Only = [id], Until = _arrival }).ToMove);
        Assert.Empty(CleanPlan.Make(found, new() { Only = [id], Except = [id] }).ToMove);
        Assert.Throws<CleanException>(() => CleanPlan.Make(found, new() { Except = ["none"] }));
    }

    private static SentMail Sent(string id, string to)
    {
        var sent = new SentMail(null, 0);
        sent.Add(id, [MailAddress.TryParse(to)!]);
        return sent;
    }

    private static (Pile Pile, string Reason) Judge(
        SentMail sent, string message, string? label = null, bool isMarked = false, bool needsSent = true)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(label ?? "");
        var judgement = JudgeOf(sent, needsSent).Judge(Encoding.Latin1.GetBytes(message), _arrival, isMarked);
        return (judgement.Pile, judgement.Reason.Word);
    }

    private static CleanJudge JudgeOf(SentMail sent, bool needsSent, params string[] ownFields)
    {
        var options = new BackstopOptions();
        options.Backscatter.OwnFields = ownFields;
        return new(new StoredJudge(options, Proving.Create(options, sent, []), asksWhoTo: false), sent, believesHosts: false, needsSent);
    }

    private static string Bounce(
        string returned = "Message-ID: <returned@example.org>\nFrom: me@example.org\nTo: gone@far.example\nSubject: offer\n\nbuy\n") =>
        "Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: me@example.org\nSubject: Undelivered Mail Returned to "
            + "Sender\nMIME-Version: 1.0\n"
        + "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nThis is the "
        + "mail system.\n\n"
        + "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.far.example\n\nFinal-Recipient: rfc822; "
        + "gone@far.example\nAction: failed\nStatus: 5.1.1\n\n"
        + (returned.Length > 0 ? "--b\nContent-Type: message/rfc822\n\n" + returned + "\n" : "") + "--b--\n";
}
