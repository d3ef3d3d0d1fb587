using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Backscatter;

/// <summary>
/// A server's name or one of its words is no server: what is filed as a bounce or a delay must have more of a server's form, and
/// its twin has it.
/// </summary>
public sealed class CertaintyOfBounceTests
{
    private const string Notice =
        """{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":"""
        + """[{"emailAddress":"you@far.example"}]},"mail":{"source":"me@example.org"}}""";

    public static TheoryData<string, string, string> Wanted => new()
    {

        {
            "a trade that bears the name",
            "From: Riverside Mail Delivery <office@riverside.example>\nSubject: Undeliverable: your order of chairs",
            "The chairs could not be delivered to your door. Please ring 555 0100 for a new date."
        },

        {
            "who runs the server writes by hand",
            "Return-Path: <postmaster@uni.example>\nFrom: Postmaster <postmaster@uni.example>\nSubject: Your message to the choir",
            "Dear Ms Lind,\n\nyour message was not delivered to Mr Hale, his mailbox is full. I have made room.\nPat"
        },

        {
            "who runs the server answers",
            "Return-Path: <postmaster@uni.example>\nFrom: postmaster@uni.example\nSubject: Re: Undelivered Mail\nIn-Reply-To: "
                + "<q1@example.org>",
            "He has left us: write to hale@elsewhere.example.\n\nAnna wrote:\n\n> what does this mean?\n> <hale@uni.example>: 550 "
                + "5.1.1 user unknown"
        },

        {
            "a list's digest from nobody",
            "Return-Path: <>\nFrom: Digest <digest@lists.example>\nList-Id: <mail.lists.example>\nSubject: Undeliverable mail, and "
                + "three more",
            "1. Rob asks:\nYour message could not be delivered\n<rob@x.example>: 550 5.1.1 no such user"
        },

        {
            "a number in a parcel's notice", "Return-Path: <>\nFrom: Post <noreply@post.example>\nSubject: Delivery failed",
            "Your parcel could not be delivered to Elm Road 4. Sender: shop@books.example, depot 550 Northgate."
        },

        {
            "a mailbox that fills up", "Return-Path: <>\nFrom: Postmaster <postmaster@host.example>\nSubject: Storage: 91% used",
            "When the mailbox is full, mail will be rejected. More room: shop@host-room.example"
        },

        {
            "a late train", "Return-Path: <>\nFrom: Railway <noreply@rail.example>\nSubject: Delayed: the 9:14 to Oxley",
            "Train 914 has been delayed by 20 minutes. Claims: claims@rail.example"
        },

        {
            "a late parcel", "Return-Path: <>\nFrom: Parcels <noreply@parcels.example>\nSubject: Delivery delayed",
            "Your parcel is on its way; delivery will be attempted again tomorrow. Depot: depot@parcels-north.example"
        },

        {
            "a monitor at an address like a server's",
            "Return-Path: <mta@watch.example>\nFrom: Watch <mta@watch.example>\nSubject: Delayed: backup of db1",
            "The job has been delayed. Owner: ops@db.example"
        },

        {
            "a returned letter, by an office that names its reader",
            "Return-Path: <mail@pay.example>\nFrom: Payroll Mail Team <mail@pay.example>\nSubject: Failed to deliver your statement",
            "Your statement was undeliverable to Elm Road 4 and came back.\nme@example.org is where this went instead."
        },

        {
            "a person forwards a report's parts",
            "Return-Path: <sue@park.example>\nFrom: Sue <sue@park.example>\nSubject: what is this?\nContent-Type: multipart/mixed; "
                + "boundary=x",
            "--x\n\nCan you read this for me? Sue\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "
                + "mx.park.example\n\nFinal-Recipient: rfc822; gone@far.example\nAction: failed\nStatus: 5.1.1\n--x--"
        },

        {
            "who runs the server explains a report's fields",
            "Return-Path: <kim@far.example>\nFrom: System Administrator <kim@far.example>\nSubject: what it says",
            "Look at its lines:\n\nFinal-Recipient: rfc822; gone@far.example\nAction: failed\nStatus: 5.1.1"
        },

        {
            "a list's digest of whole messages, from nobody",
            "Return-Path: <>\nFrom: Digest <digest@lists.example>\nList-Id: <mail.lists.example>\nSubject: Undeliverable "
                + "mail\nContent-Type: multipart/mixed; boundary=x",
            "--x\n\nYour message could not be delivered, says Rob.\n--x\nContent-Type: message/rfc822\n\nFrom: "
                + "rob@x.example\nMessage-ID: <r1@x.example>\n\nwhy?\n--x--"
        },

        {
            "a cloud's notice, sent on by a program",
            "Return-Path: <alerts@shop.example>\nFrom: Alerts <alerts@shop.example>\nSubject: what SES said", Notice
        },

        {
            "a cloud's notice, sent on by a person",
            "Return-Path: <sue@shop.example>\nFrom: Sue <sue@shop.example>\nSubject: what is this?", Notice + "\n\nCan you read it? Sue"
        },
    };

    public static TheoryData<string, string, string, string> Reports => new()
    {

        {
            "mailer-daemon needs no more", "From: MAILER-DAEMON@far.example\nSubject: Undeliverable mail",
            "Your message could not be delivered.", "bounce"
        },

        {
            "a postmaster with all of a server's form",
            "Return-Path: <postmaster@far.example>\nFrom: postmaster@far.example\nSubject: Undeliverable: hello",
            "Your message could not be delivered to:\n\nyou@far.example", "bounce"
        },

        {
            "a name with all of a server's form",
            "Return-Path: <x7@far.example>\nFrom: Mail Delivery System <x7@far.example>\nSubject: Undeliverable: hello",
            "Your message could not be delivered to:\n\nyou@elsewhere.example", "bounce"
        },

        {
            "an answer by machine from nobody",
            "Return-Path: <>\nFrom: Kai <kai@far.example>\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed",
            "Your message could not be delivered to one or more of its recipients.", "bounce"
        },

        {
            "a reply beside the address", "Return-Path: <>\nFrom: relay.far.example\nSubject: Delivery failure",
            "Delivery to the following recipient failed:\n\n  you@far.example\n\n550 mailbox unavailable", "bounce"
        },

        {
            "a language that no table knows, a reply and an address of the sender's domain",
            "Return-Path: <>\nFrom: mailer-daemon@far.example\nSubject: Qqqq qqq",
            "Qqq wwww eeee you@far.example rrrr.\nTttt: 550 ýýýý", "bounce"
        },

        {
            "the reader's own header comes back under any name",
            "Return-Path: <>\nFrom: List server <lists@far.example>\nSubject: Your posting was rejected",
            "You may not post here.\n\n-------- Rejected message\nFrom: Me <me@example.org>\nTo: books@far.example\nSubject: "
                + "hello\nMessage-ID: <sent@example.org>",
            "bounce"
        },

        {
            "a cloud's notice from the cloud",
            "Return-Path: <0100@amazonses.example>\nFrom: AWS Notifications <no-reply@sns.amazonaws.com>\nSubject: AWS Notification "
                + "Message",
            Notice, "bounce"
        },

        {
            "a delay of mail from nobody", "Return-Path: <>\nFrom: Relay <relay@far.example>\nSubject: Delivery delayed",
            "Your message has not yet been delivered to:\n\nyou@far.example", "delay"
        },
    };

    [Theory]
    [MemberData(nameof(Wanted))]
    public void Mail_like_a_bounce_is_delivered(string label, string header, string body) =>
        Assert.True(
            Decide(header, body, out var report).Action == VerdictAction.Deliver,
            $"{label}: {report.Kind} {string.Join(", ", report.Evidence)}");

    [Theory]
    [MemberData(nameof(Reports))]
    public void A_server_s_report_is_filed(string label, string header, string body, string kind)
    {
        var verdict = Decide(header, body, out var report);
        Assert.True(
            verdict.Reason.Word == kind + ":unproved",
            $"{label}: {verdict.Reason} {string.Join(", ", report.Evidence)} against {string.Join(", ", report.EvidenceAgainst)}");
    }

    [Theory]
    [InlineData(
        "Content-Type: text/html",
        "<a href=\"http://far.example/login\">Release</a> Your message could not be delivered to me@example.org", true)]
    [InlineData(
        "Content-Type: text/html\nUser-Agent: Mozilla Thunderbird",
        "<a href=\"http://far.example/login\">Release</a> Your message could not be delivered to me@example.org", false)]
    [InlineData("Content-Type: text/plain", "Your message could not be delivered:\nme@example.org", false)]
    [InlineData(
        "Content-Type: multipart/mixed; boundary=x",
        "--x\n\nYour message could not be delivered:\nme@example.org\n--x\nContent-Type: "
            + "application/octet-stream\nContent-Disposition: attachment; filename=mail.dat\n\nQQ\n--x--",
        true)]
    public void Only_what_can_be_clicked_or_opened_is_a_disguise(string fields, string body, bool isFake)
    {
        _ = Decide(
            $"Return-Path: <office@far.example>\nFrom: Mail Administrator <office@far.example>\nSubject: Returned mail for "
                + $"me@example.org\n{fields}",
            body, out var report);
        Assert.Equal(isFake, report.IsFake);
    }

    private static Verdict Decide(string header, string body, out BounceReport report)
    {
        report = BounceClassifier.Classify(
            Encoding.UTF8.GetBytes($"{header}\nTo: me@example.org\nMessage-ID: <m1@far.example>\n\n{body}\n"), null);
        return EmptyJudge.Decide(report);
    }
}
