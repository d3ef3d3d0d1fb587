using System.Text;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>RFC 3834 §2: what a program may answer. One field decides in each row; without it the mail may be answered.</summary>
public sealed class AnswerRuleTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Auto-Submitted: no")]
    [InlineData("Auto-Submitted: No (a person)")]
    [InlineData("Precedence: first-class")]
    [InlineData("X-Auto-Response-Suppress: DR, RN, NRN")]
    [InlineData("Listing: 7")]
    public void Persons_mail_may_be_answered(string field)
    {
        Assert.True(Read(field, nullReversePath: false).MayAnswer);
        Assert.True(Read(field, nullReversePath: null).MayAnswer);
        Assert.False(Read(field, nullReversePath: true).MayAnswer);
    }

    [Theory]
    [InlineData("Auto-Submitted: auto-generated")]
    [InlineData("Auto-Submitted: auto-generated; owner-email=\"kim@example.com\"")]
    [InlineData("Auto-Submitted: auto-notified")]
    [InlineData("Precedence: bulk")]
    [InlineData("Precedence: List")]
    [InlineData("Precedence: junk")]
    [InlineData("Precedence: auto_reply")]
    [InlineData("List-Id: <news.example.com>")]
    [InlineData("List-Post: <mailto:news@example.com>")]
    [InlineData("X-Auto-Response-Suppress: OOF, AutoReply")]
    [InlineData("X-Auto-Response-Suppress: All")]
    [InlineData("Return-Path: <>")]
    [InlineData("Return-Path: <owner-news@example.com>")]
    [InlineData("Return-Path: <news-request@example.com>")]
    [InlineData("Return-Path: <news-bounces@example.com>")]
    [InlineData("Return-Path: <MAILER-DAEMON@example.com>")]
    public void Mail_of_machines_and_lists_may_not(string field) => Assert.False(Read(field, nullReversePath: null).MayAnswer);

    /// <summary>Whatever is no mail is an answer or a report itself, be it only named.</summary>
    [Fact]
    public void No_automatic_mail_and_no_fake_may_be_answered()
    {
        var mails = Directory.GetFiles(Path.Combine(HouseRulesTests.Root(), "tests"), "*.eml", SearchOption.AllDirectories)
            .Select(f => BounceClassifier.Classify(File.ReadAllBytes(f), nullReversePath: false)).ToList();
        Assert.Contains(mails, m => !m.IsCertain);
        Assert.Contains(mails, m => m.IsFake);
        Assert.Contains(mails, m => m.MayAnswer);
        Assert.DoesNotContain(mails, m => m.MayAnswer && (m.Kind != MailKind.None || m.IsFake || m.IsList || !m.IsCertain));
    }

    private static BounceReport Read(string field, bool? nullReversePath)
    {
        var mail = $"From: kim@example.com\nTo: help@example.org\nSubject: printer\n{(field.Length > 0 ? field + "\n" : "")}\nIt is on "
            + $"fire.\n";
        return BounceClassifier.Classify(Encoding.UTF8.GetBytes(mail), nullReversePath);
    }
}
