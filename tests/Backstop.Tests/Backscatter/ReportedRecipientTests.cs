using System.Text;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>A recipient is a value: its class is worked out once, and what it is worked out from is no part of it.</summary>
public sealed class ReportedRecipientTests
{
    private static readonly ReportedRecipient _full = new("a@example.com", "failed", "5.0.0", null) { ReportText = "the mailbox is full" };

    [Fact]
    public void Class_is_worked_out_once()
    {
        Assert.NotNull(_full.Class);
        Assert.Same(_full.Class, _full.Class);
        Assert.Equal(BounceReason.MailboxFull, _full.Class.Reason);
    }

    [Fact]
    public void Copy_has_a_class_of_its_own()
    {
        Assert.Equal(BounceReason.MailboxFull, _full.Class?.Reason);
        Assert.Equal(BounceReason.MailboxUnknown, (_full with { Status = "5.1.1" }).Class?.Reason);
        Assert.Null((_full with { Action = "delivered" }).Class);
        Assert.Equal(_full.Class, (_full with { Address = "b@example.com" }).Class);
    }

    [Fact]
    public void Text_around_it_is_no_part_of_the_value()
    {
        var other = new ReportedRecipient("a@example.com", "failed", "5.0.0", null) { ReportText = "another report", SaidInText = "no" };
        Assert.Equal(_full, other);
        Assert.Equal(_full.GetHashCode(), other.GetHashCode());
        Assert.NotEqual(_full, _full with { StatusSource = StatusSource.Inferred });
        Assert.NotEqual(_full, _full with { Address = "b@example.com" });
    }

    /// <summary>A hundred recipients that are kept, as a list keeps them, do not keep the report's 32 KiB.</summary>
    [Fact]
    public void Report_that_is_kept_keeps_little_of_its_text()
    {
        var mail = "Return-Path: <>\nFrom: MAILER-DAEMON@example.com\nTo: me@example.org\nSubject: Undelivered Mail Returned to Sender\n\n"
            + "Your message could not be delivered to:\n<a@example.com>: it failed\n<b@example.com>: it failed\n\n"
            + string.Concat(Enumerable.Repeat("and so on and on\n", 2000));
        var recipients = BounceClassifier.Classify(Encoding.ASCII.GetBytes(mail), nullReversePath: true).Recipients;
        Assert.Equal(2, recipients.Count);
        Assert.All(recipients, r => Assert.InRange(r.ReportText?.Length ?? 0, 1, 4096));
        Assert.Same(recipients[0].ReportText, recipients[1].ReportText);
    }
}
