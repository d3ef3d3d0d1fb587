using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Storms;

namespace Backstop.Tests.Backscatter;

/// <summary>List confirmations and accounts nobody asked for, told from persons and from codes.</summary>
public sealed class MassMailTests
{
    [Theory]
    [InlineData("From: noreply@shop.example\nSubject: Please confirm your subscription\n\nClick the link: https://shop.example/c/1\n")]
    [InlineData(
        "From: wordpress@blog.example\nSubject: [Blog] Your username and password info\n\nUsername: "
            + "me\nhttps://blog.example/wp-login.php\n")]
    [InlineData(
        "From: hallo@laden.example\nSubject: Bitte bestätigen Sie Ihre Anmeldung\nContent-Type: text/html; charset=utf-8\n\n<p>Klicken "
            + "Sie <a href=\"https://laden.example\">hier</a></p>\n")]
    [InlineData("From: x@y.example\nSubject: Autumn\nList-Unsubscribe: <mailto:u@y.example>\n\nhttps://y.example\n")]
    [InlineData("From: x@y.example\nSubject: Autumn\nPrecedence: bulk\n\nhttps://y.example\n")]
    [InlineData("From: robot@y.example\nSubject: hi\nAuto-Submitted: auto-generated\n\nhttps://y.example\n")]
    [InlineData(
        "From: info@club.example\nSubject: =?utf-8?B?0J/QvtC00YLQstC10YDQtNC40YLQtSDRgNC10LPQuNGB0YLRgNCw0YbQuNGO?=\nContent-Type: "
            + "text/plain; charset=utf-8\n\nперейдите по ссылке https://club.example\n")]
    public void Mass_mail(string message) => Assert.True(Look(message).IsMass);

    [Theory]
    [InlineData("From: ann@home.example\nSubject: Lunch on Friday?\n\nShall we say half past twelve?\n\nAnn\n")]
    [InlineData(
        "From: bob@firm.example\nSubject: Question about your talk\nUser-Agent: Mozilla Thunderbird\n\nI saw "
            + "https://conf.example/talks and wondered.\n")]
    [InlineData("From: info@bakery.example\nSubject: Your cake\nX-Mailer: iPhone Mail (20A)\n\nIt is ready.\n")]
    [InlineData("From: eve@club.example\nSubject: Re: welcome to the team\nIn-Reply-To: <1@a.example>\n\nThank you!\n")]
    public void Persons(string message) => Assert.False(Look(message).IsLikelyMass);

    [Theory]
    [InlineData("From: no-reply@bank.example\nSubject: Your one-time code\n\nYour code is 482913. It is valid for ten minutes.\n", true)]
    [InlineData("From: no-reply@site.example\nSubject: 482913 is your verification code\n\nhello\n", true)]
    [InlineData("From: no-reply@bank.example\nSubject: Ihr Sicherheitscode\n\nTAN: 4829\n", true)]
    [InlineData("From: shop@shop.example\nSubject: Use code SAVE20 until 2026\n\nhttps://shop.example/2026/1234567/x\n", false)]
    [InlineData("From: a@b.example\nSubject: Barcode reader 1234567890123\n\nPrice 2999-\n", false)]
    public void Codes(string message, bool isCode) => Assert.Equal(isCode, Look(message).IsCode);

    [Fact]
    public void Hostile_text_costs_no_more()
    {
        var text = "From: a@b.example\nSubject: " + new string('c', 60_000) + "\n\n"
            + string.Concat(Enumerable.Repeat("code tan pin ", 100_000));
        Assert.False(Look(text).IsCode);
    }

    private static MassMailShape Look(string message)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        return MassMail.Look(bytes, BounceClassifier.Classify(bytes, false));
    }
}
