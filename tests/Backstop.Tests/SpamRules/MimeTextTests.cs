using System.Text;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.SpamRules.Text;
using Backstop.SpamRules.Uris;

namespace Backstop.Tests.SpamRules;

public sealed class MimeTextTests
{
    [Theory]
    [InlineData("=41=42", "AB")]
    [InlineData("a=\nb", "ab")]
    [InlineData("a \t\nb", "a\nb")]
    [InlineData("a= \t\r\nb", "ab")]
    [InlineData("=4G=", "=4G=")]
    public void Quoted_printable_is_decoded(string text, string expected) => Assert.Equal(expected, TransferDecoding.QuotedPrintable(text));

    [Theory]
    [InlineData("aGVsbG8=", "hello")]
    [InlineData("aGVs\nbG8=", "hello")]
    [InlineData("aGVsbG8", "hello")]
    [InlineData("aGVs!bG8=", "hello")]
    [InlineData("", "")]
    public void Base64_is_decoded_even_when_broken(string text, string expected) => Assert.Equal(expected, TransferDecoding.Base64(text));

    [Theory]
    [InlineData("=?utf-8?B?w6k=?=", "é")]
    [InlineData("=?iso-8859-1?Q?=E9_a?=", "é a")]
    [InlineData("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab")]
    [InlineData("=?nonsense?Q?a?= b", "a b")]
    [InlineData("a =?utf-8?Q?b", "a =?utf-8?Q?b")]
    public void Encoded_words_are_decoded(string body, string expected) =>
        Assert.Equal(expected, Octets.ToUnicode(HeaderDecoding.Decode(body, "subject")));

    [Theory]
    [InlineData(" Foo <a@b.test>, c@d.test", "a@b.test|Foo c@d.test|")]
    [InlineData(" \"B, A\" <a@b.test>", "a@b.test|B, A")]
    [InlineData(" a@b.test (Foo)", "a@b.test|Foo")]
    [InlineData(" Friends: a@b.test, c@d.test;", "a@b.test| c@d.test|")]
    [InlineData(" undisclosed-recipients:;", "")]
    [InlineData(" <>", "|")]
    [InlineData(" <a@b.test> <c@d.test>, e@f.test", "a@b.test| e@f.test|")]
    [InlineData(" Foo <a@b.test> (Bar), \"B\" (x, <y) , z@z.test", "a@b.test|Foo |B (x")]
    [InlineData(" <a@b.test>>, Foo <c @d.test >", "| |Foo")]
    [InlineData(" a, , b@c.test", "|a | b@c.test|")]
    [InlineData(" a <b@c.test> x <d@e.test>", "b@c.test| d@e.test|")]
    [InlineData(" \"a b\"@c.test, [d]@e@f.test, g@[192.0.2.1]", "\"a b\"@c.test| |[d]@e@f.test g@[192.0.2.1]|")]
    public void Addresses_are_read(string raw, string expected) =>
        Assert.Equal(expected, string.Join(' ', HeaderAddresses.Parse(raw).Select(a => $"{a.Address}|{a.Phrase?.Trim()}")));

    [Theory]
    [InlineData("Thu, 22 Aug 2002 12:34:53 +0100", 1030016093)]
    [InlineData("22 Aug 02 12:34 GMT", 1030019640)]
    [InlineData("Thu Aug 22 12:34:53 2002", 1029974400)] // SpamAssassin loses the time of this form
    [InlineData("Wed, 31 Apr 2002 25:00:00 EST", 1020312000)]
    [InlineData("nothing", null)]
    public void Dates_are_read_leniently(string date, int? expected) => Assert.Equal(expected, (int?)MailDate.Parse(date));

    [Theory]
    [InlineData("http://a.test:80/x", "http://a.test/x")]
    [InlineData("HTTP:a.test", "http://a.test")]
    [InlineData("http://%61.test/", "http://a.test/")]
    [InlineData("http://0x7f.1.2.3/", "http://127.1.2.3/")]
    [InlineData("http://3232235777/", "http://192.168.1.1/")]
    [InlineData("http://a.test?x", "http://a.test/?x")]
    [InlineData("http://a.test/r?u=http://b.test/", "http://b.test/")]
    [InlineData("mailto:a@b.test?subject=x", "mailto:a@b.test")]
    public void Disguises_of_a_URI_are_taken_off(string uri, string form)
    {
        var forms = new UriCanonical(new RegistryBoundaries(), new Redirectors([], _ => { })).Forms(uri);
        Assert.Contains(forms, f => f.Equals(form, StringComparison.OrdinalIgnoreCase));
        Assert.Contains(uri, forms);
    }

    [Fact]
    public void URIs_are_found_where_a_mail_reader_would_make_links()
    {
        var boundaries = new RegistryBoundaries();
        boundaries.TopLevel.UnionWith(["test", "com"]);
        const string text = "See http://a.test/x (or www.b.test), c.com <d@e.test>. Not: f.nothing, http://, g.com.h";
        Assert.Equal(
            ["http://a.test/x", "http://www.b.test", "http://c.com", "mailto:d@e.test"],
            new UriFinder(boundaries).Find([text]).Select(f => f.Uri));
    }

    [Theory]
    [InlineData("a.b.co.uk", "b.co.uk")]
    [InlineData("a.b.com", "b.com")]
    [InlineData("b.com", "b.com")]
    [InlineData("www.city.ci.sf.ca.us", "city.ci.sf.ca.us")]
    public void Domains_end_where_they_are_registered(string host, string domain)
    {
        var boundaries = new RegistryBoundaries();
        boundaries.SecondLevel.Add("co.uk");
        Assert.Equal(domain, boundaries.TrimDomain(host));
    }

    [Fact]
    public void Parts_are_found_whatever_is_wrong_with_them()
    {
        const string mail = "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b\nContent-Type: text/plain\n\none\n--b\ntwo "
            + "without header\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\nthree\n--b--\nepilogue\n";
        var message = SpamMessage.Parse(mail);
        Assert.Equal(["text/plain", "text/plain", "text/plain"], message.Leaves().Select(l => l.Type));
        Assert.Equal(["one", "two without header", "three"], message.Leaves().Select(l => l.DecodedBody().Trim()));
        Assert.Superset(
            new HashSet<string>(["mime_epilogue_exists", "missing_mime_headers", "missing_mime_head_body_separator"]), message.Flags);
    }

    [Theory]
    [InlineData("Content-Type: text/plain; charset=iso-8859-15\n\n\u00a4", "\n€")]
    [InlineData("Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n=D0=CF", "\nпо")]
    [InlineData("Content-Type: text/plain; charset=utf-8\n\n\u00c3\u00a9", "\né")]
    [InlineData("Content-Type: text/html\n\n&copy;", "\n\u00ef\u00bf\u00bd")]
    public void Charsets_are_read(string mail, string expected)
    {
        var body = BodyText.Rendered(SpamMessage.Parse(Octets.FromBytes(Encoding.Latin1.GetBytes(mail))), 0, p => p.Text);
        // An entity of Latin-1 in an ASCII text stays one octet, which is no UTF-8.
        Assert.Equal(expected.Replace("\u00ef\u00bf\u00bd", "\uFFFD", StringComparison.Ordinal), Octets.ToUnicode(string.Concat(body)));
    }

    [Fact]
    public void Body_is_squeezed_to_paragraphs()
    {
        var body = BodyText.Rendered(SpamMessage.Parse("Subject: s\n\na  b\n c\n \n\n\nd\n"), 0, p => p.Text);
        Assert.Equal(["s\n", "a b c\n", "d "], body);
    }

    [Fact]
    public void Marks_of_another_filter_are_not_seen() =>
        Assert.Empty(new SpamScanner(RuleSet.Parse("header A exists:X-Spam-Status")).Scan("X-Spam-Status: Yes\n\n"u8).Hits);
}
