using System.Text;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>Where in a report the reason stands.</summary>
public sealed class BounceClassOfMailTests
{
    private const string Head = "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nSubject: Undelivered Mail "
        + "Returned to Sender\n";

    /// <summary>OpenSMTPD's fields say 5.0.0 and nothing else; the reply stands in the text alone.</summary>
    [Fact]
    public void A_reply_that_only_the_text_has_is_read()
    {
        var recipients = Report(
            "one@example.com: 550 5.7.26 Authentication of the sender failed\ntwo@example.com: 550 5.1.1 no such user\n",
            "one@example.com", "two@example.com");
        Assert.Equal(
            ["soft policy: status 5.7.26", "hard mailbox-unknown: reply says \"no such user\", status 5.1.1"], recipients.Select(Told));
        Assert.Equal(["5.0.0", "5.0.0"], recipients.Select(r => r.Status));
    }

    [Fact]
    public void Words_about_all_recipients_count_where_nothing_is_said_of_one()
    {
        var recipients = Report("The mail system tried for long: connection timed out.\n", "one@example.com");
        Assert.Equal("soft network: report says \"connection timed out\"", Told(recipients[0]));
    }

    /// <summary>Reports speak of viruses and attachments whatever the reason was.</summary>
    [Fact]
    public void Boilerplate_is_no_reason()
    {
        var recipients = Report(
            "Your message is returned as an attachment. This report was checked for viruses; read our policy.\n", "one@example.com");
        Assert.Equal("hard unknown: status 5.0.0", Told(recipients[0]));
    }

    [Theory]
    [InlineData("General", "", "soft unknown: ")]
    [InlineData("NoEmail", "", "hard mailbox-unknown: report says \"noemail\"")]
    [InlineData("MailboxFull", "", "soft mailbox-full: report says \"mailboxfull\"")]
    [InlineData("ContentRejected", "", "soft content: report says \"contentrejected\"")]
    [InlineData("General", ",\"status\":\"5.4.4\",\"diagnosticCode\":\"smtp; 550 5.4.4 Invalid domain\"", "hard dns: status 5.4.4")]
    public void Amazon_says_it_in_a_word(string type, string fields, string told)
    {
        var notice = "From: AWS Notifications <no-reply@sns.amazonaws.com>\nReturn-Path: <>\nSubject: AWS Notification Message\n\n"
            + $"{{\"notificationType\":\"Bounce\",\"bounce\":{{\"bounceType\":\"Permanent\",\"bounceSubType\":\"{type}\","
            + $"\"bouncedRecipients\":[{{\"emailAddress\":\"a@example.com\"{fields}}}]}},\"mail\":{{}}}}\n";
        Assert.Equal(told, Told(Assert.Single(Classify(notice).Recipients)));
    }

    private static IReadOnlyList<ReportedRecipient> Report(string text, params string[] recipients)
    {
        var fields = string.Concat(recipients.Select(r => $"Final-Recipient: rfc822; {r}\nAction: failed\nStatus: 5.0.0\n\n"));
        return Classify($"{Head}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n{text}\n--b\n"
            + $"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{fields}--b--\n").Recipients;
    }

    private static BounceReport Classify(string text) => BounceClassifier.Classify(Encoding.UTF8.GetBytes(text), null);

    private static string Told(ReportedRecipient r) => $"{r.Class!.Word} {r.Class.Reason.Word()}: {string.Join(", ", r.Class.Evidence)}";
}
