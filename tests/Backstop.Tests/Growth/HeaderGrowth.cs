using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Mail;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Text;

namespace Backstop.Tests.Growth;

/// <summary>What reads header fields, and the texts that cost it most.</summary>
internal static class HeaderGrowth
{
    public static IEnumerable<Scanner> All =>
    [
        new("addresses", text => HeaderAddresses.Parse(Octets.FromBytes(text)),
        [
            new("", "<script>", "r"), // each angle may end at any later one
            new("", "<script> ", "r"),
            new("", "<a@b> ", "x"),
            new("", "a@b,"),
            new("", "\""),
            new("", "\\\""),
            new("\"", "\\\"", ""),
            new("", "\"a\" (b <c) ,"), // a comment that begins in words
            new("", "\"q\"(x> <b),", "Z"),
            new("", "\"q\"(x<@y),", "Z"),
            new("", "a@b (\"\\\"), "),
            new("", "a@b\\(\\(\\(\\(,", ")Z"),
            new("", "(", ""),
            new("<", "(", "@"),
            new("<a@b", ">(\\", "Z"),
            new("x ", "<\"", "@"),
            new("", "<a>,x> ", "Z"),
            new("<@", ">", "Z"),
            new("", "a:b@", "<c@d>"),
        ]),
        new("encoded words", text => HeaderDecoding.Decode(Octets.FromBytes(text), "subject"),
            [
                new("", "=?"), new("", "=?a?q?"), new("", "=?a?q?x?= "), new("=?a?q?x?=", " ", "x"), new("", "=?a?q?x"), new("", "="),
                new("", "=?=?a?b?a?= \t"),
            ]),
        new(
            "encoded words shown", text => HeaderText.Decode(HeaderText.ToText(text)),
            [new("", "=?"), new("", "=?utf-8?q?"), new("", "=?utf-8?q?x?= "), new("=?utf-8?b?", "a")]),
        new("unfolding", text => HeaderText.Unfold(text), [new("", "a\r\n "), new("", "\n\t"), new("", " ")]),
        new(
            "first address", text => HeaderText.FirstAddress(HeaderText.ToText(text)),
            [new("", "<"), new("", "\""), new("", "("), new("", "a@b "), new("", "<a@"), new("", "a:")]),
        new(
            "one address", text => MailAddress.TryParse(HeaderText.ToText(text)),
            [new("", "a."), new("a@", "b."), new("\"", "\\\""), new("", "@")]),
        new("content type", text => ContentTypeLine.Parse(Octets.FromBytes(text)),
        [
            new("a/b; ", "boundary"), new("", "boundary=a\""), new("", "boundary ="), new("a/b; boundary", " "), new("", "name*1=a"),
            new("", "charset=\""), new("", "name="), new("name", " ", "x"), new("", "name*1=a;"),
        ]),
        new("content type of parts", text => ContentType.Parse(HeaderText.ToText(text)),
            [
                new("a/b", ";"), new("", "; a=\""), new("a/b", "; boundary"), new("a/b; a*0", "=x; a*1"), new("a/b; n=\"", "\\\""),
                new("a/b", "("),
            ]),
        new("Received", text => ReceivedParser.Parse(Octets.FromBytes(text)),
        [
            new("from a", " ("), new("from ", "a "), new("from a ([", "1."), new("from ", "a ("), new("from a (HELO ", "b) ("), new(
                "from a (b [1.2.3.4])", " by c ("), new(
                "from a by b", " (c)", " with SMTP id"),
            new(
                "from a (", "b@", "[1.2.3.4]) by c (x)"), new("", "helo="), new("from ", "::1 "), new(
                    "from a by b with SMTP", " id"), new("from a", ";"), new("", " id <"), new("from a ([1.2.3.4])", ".* by"),
            new("from a (authenticated", ") by ("), new("", "1:"), new("from ", "\t \n"),
        ]),
        new(
            "Received of the client", text => ReceivedFrom.Parse(HeaderText.ToText(text)),
            [new("from ", "a ("), new("from a ", "["), new("from a (", "[1.2.3.4"), new("", "("), new("from ", " ")]),
        new(
            "addresses of hosts", text => IpPatterns.FindAlone(Octets.FromBytes(text)),
            [new("", "1."), new("", "1:"), new("", "::"), new("", "IPv6:"), new("", "1.2.3.4."), new("", "abcd:")]),
        new(
            "dates", text => MailDate.Parse(Octets.FromBytes(text)),
            [
                new("", "1 "), new("", "Mon, "), new("1 Jan 2000 ", "("), new("1 Jan 2000 1", ":1"), new("", " "), new("", "1"),
                new("", "a-"),
            ]),
        new(
            "message ids", text => _ = MessageIds.All(HeaderText.ToText(text)).Count(),
            [new("", "<"), new("", "<a@b>"), new("", "<a"), new("", "@"), new("", ">")]),
        new(
            "subjects", text => SubjectShape.Of(HeaderText.ToText(text)),
            [new("", "Re: "), new("", "[a] "), new("", "1"), new("", "Re[1]:"), new("", "(")]),
    ];
}
