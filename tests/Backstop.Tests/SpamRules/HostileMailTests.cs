using System.Text;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using CsCheck;

namespace Backstop.Tests.SpamRules;

public sealed class HostileMailTests
{
    private static readonly SpamScanner _scanner = new(RuleSet.Own());

    [Fact]
    public void No_octets_make_it_throw() => Gen.Byte.Array[0, 600].Sample(bytes => _scanner.Scan(bytes) is not null);

    [Fact]
    public void No_mixture_of_mail_makes_it_throw() => Gen.OneOf(
        "Received: from ", "From: ", "To: ", "Subject: ", "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: text/html\n",
        "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n", "\n", "\n\n", "--b\n", "--b--\n",
        "=?utf-8?B?", "?=", "<a href=\"http://", "</", "<!--", "&#", ";", "\r\n", "\0", "\u00ff", "a@b.com", "=3D", "=", "((", "\"",
        "[192.0.2.1]", " by mx.a.test (Postfix) with ESMTP id 123456", "Date: Mon, 99 Feb 0000 99:99:99 +9999\n", "message/rfc822",
        "Content-Type: ")
        .Array[0, 40].Sample(parts => _scanner.Scan(Encoding.Latin1.GetBytes(string.Concat(parts))) is not null);

    [Theory]
    [InlineData("a line of a megabyte", "Subject: x\n\n", "a", 1_000_000)]
    [InlineData("a header of a megabyte", "Subject: ", "a", 1_000_000)]
    [InlineData("many fields", "", "Received: from a ([192.0.2.1]) by b (c) with SMTP id ddd; Mon, 1 Jan 2024 00:00:00 +0000\n", 5000)]
    [InlineData("many recipients", "To: ", "a@b.com, ", 50_000)]
    [InlineData("open quotes", "To: ", "\"", 100_000)]
    [InlineData("open comments", "From: ", "(", 100_000)]
    [InlineData("tags", "Content-Type: text/html\n\n", "<a href=http://a.com/><b>", 100_000)]
    [InlineData("addresses", "Subject: x\n\n", "a@b.com ", 100_000)]
    [InlineData("hosts", "Subject: x\n\n", "www.a.com/", 100_000)]
    [InlineData("nested multiparts", "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 20_000)]
    [InlineData("nested messages", "", "Content-Type: message/rfc822\n\n", 20_000)]
    [InlineData("boundaries", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 100_000)]
    [InlineData("encoded words", "Subject: ", "=?utf-8?Q?a?= ", 50_000)]
    [InlineData("entities", "Content-Type: text/html\n\n", "&amp", 200_000)]
    [InlineData("comments", "Content-Type: text/html\n\n", "<!-- -", 100_000)]
    [InlineData("styles", "Content-Type: text/html\n\n", "<p style='color:red;background:url(x),rgb(1,2,3)'>", 50_000)]
    public void Mail_made_to_hang_a_filter_does_not(string what, string start, string repeated, int count)
    {
        var mail = new StringBuilder(start).Insert(start.Length, repeated, count).Append("\n\n").ToString();
        Assert.Equal((what, true), (what, _scanner.Scan(Encoding.Latin1.GetBytes(mail)).OutOfSteps.Count < 3));
    }

    private const string Backtracks = @"/^((?:a+x?)+)\1c/";
    private static readonly byte[] _hostile = Encoding.ASCII.GetBytes($"Subject: x\n\n{new string('a', 80)} c plain\n");

    [Fact]
    public void Mail_that_makes_many_rules_hang_meets_the_others()
    {
        var rules = string.Concat(Enumerable.Range(1, 12).Select(i => $"body HANGS{i} {Backtracks}\n"));
        var result = new SpamScanner(
            RuleSet.Parse(rules + "body PLAIN /plain/\nscore PLAIN -3\nbody LATER /pl(?=ain)/\nscore LATER 9\n")).Scan(_hostile);
        Assert.Equal(["PLAIN"], result.Hits.Select(h => h.Rule));
        Assert.Equal(13, result.OutOfSteps.Count);
    }

    [Theory]
    [InlineData("body HANGS %\nscore HANGS -9", "SPAM HANGS", -4)]
    [InlineData("body HANGS %\nscore HANGS 9", "SPAM", 5)]
    [InlineData("body __HANGS %\nmeta FRIEND __HANGS\nscore FRIEND -9", "SPAM", -4)]
    [InlineData("body __HANGS %\nmeta STRANGER !__HANGS\nscore STRANGER 9", "SPAM STRANGER", 5)]
    [InlineData("body __HANGS %\nmeta BOTH __HANGS && SPAM\nscore BOTH 9", "SPAM", 5)]
    public void Rule_out_of_steps_counts_as_it_helps_the_message(string rules, string names, double score)
    {
        var result = new SpamScanner(
            RuleSet.Parse($"body SPAM /plain/\nscore SPAM 5\n{rules.Replace("%", Backtracks, StringComparison.Ordinal)}\n")).Scan(_hostile);
        Assert.Equal(score, result.Score);
        Assert.All(result.Hits, h => Assert.Contains(h.Rule, names.Split(' ')));
        Assert.Single(result.OutOfSteps);
    }
}
