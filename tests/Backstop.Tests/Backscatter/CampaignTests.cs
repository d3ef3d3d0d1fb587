using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Tests.Backscatter;

/// <summary>Reports that return the same mailing are one campaign, whoever reports and however its number is written.</summary>
public sealed class CampaignTests
{
    [Theory]
    [InlineData("Your order #4711", "your order #")]
    [InlineData("Re: AW: [list] Your order  #12", "your order #")]
    [InlineData("Out of Office AutoReply: Hot stock tip 9", "hot stock tip #")]
    [InlineData("Réponse automatique : Offre 20%", "offre #%")]
    [InlineData("{Spam?} Re: hello", "hello")]
    [InlineData("Re:", "")]
    [InlineData("Subject: with a colon", "subject: with a colon")]
    [InlineData("[not closed", "[not closed")]
    [InlineData("  \t ", "")]
    public void Subject_has_a_shape(string subject, string shape) => Assert.Equal(shape, SubjectShape.Of(subject));

    [Fact]
    public void Long_subject_costs_no_more() => Assert.Equal(80, SubjectShape.Of(new string('x', 1 << 20)).Length);

    [Fact]
    public void Bounce_and_answer_to_the_same_mailing_are_one_campaign()
    {
        var bounce = Key(
            "Return-Path: <>\nFrom: MAILER-DAEMON@a.example\nSubject: failure notice\n\nHi. This is the qmail-send program at "
                + "a.example.\n<x@a.example>:\nno\n\n--- Below this line is a copy of the message.\n\nReturn-Path: "
                + "<me@b.example>\nMessage-ID: <1@b.example>\nFrom: me@b.example\nSubject: Cheap watches 55\n\nx\n");
        var answer = Key(
            "Return-Path: <>\nFrom: y@c.example\nSubject: Automatic reply: Cheap watches 7\nAuto-Submitted: auto-replied\n\nI am away.\n");
        var challenge = Key(
            "Return-Path: <>\nFrom: z@d.example\nSubject: Please confirm your message\nX-Delivery-Agent: TMDA/1.1\nAuto-Submitted: "
                + "auto-replied\n\nYour message is being held because the address has not been verified.\n");
        Assert.Equal(bounce.Shape, answer.Shape);
        Assert.Equal(("Cheap watches 55", "Cheap watches 7"), (bounce.Label, answer.Label));
        Assert.NotEqual(bounce.Shape, challenge.Shape);
    }

    [Fact]
    public void Campaigns_are_counted_and_named()
    {
        var table = new CampaignTable();
        var at = new DateTimeOffset(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);
        table.Add(new("a", "A"), at.AddHours(1), "bounce", "mx.one", "1");
        table.Add(new("b", "B"), at, "bounce", null, "2");
        table.Add(new("a", "A again"), at, "autoreply", "mx.one", "3");
        table.NameApart();
        var all = table.All;
        Assert.Equal(["a", "b"], all.Select(c => c.Shape));
        Assert.Equal((2, "A", "1", at, at.AddHours(1)), (all[0].Count, all[0].Label, all[0].Example, all[0].First, all[0].Last));
        Assert.Equal(2, all[0].Hosts["mx.one"]);
        Assert.Equal(1, all[0].Kinds["autoreply"]);
        Assert.Equal(4, all[0].Id.Length);
    }

    [Fact]
    public void Campaigns_that_share_a_short_name_get_longer_ones()
    {
        var table = new CampaignTable();
        for (var i = 0; i < 2000; i++)
        {
            table.Add(new($"shape {i}", "x"), DateTimeOffset.UnixEpoch, "bounce", null, "x");
        }

        table.NameApart();
        Assert.Equal(2000, table.All.Select(c => c.Id).Distinct(StringComparer.Ordinal).Count());
    }

    private static CampaignKey Key(string message) => CampaignKey.Of(BounceClassifier.Classify(Encoding.UTF8.GetBytes(message), null));
}
