using Backstop.SpamRules.Html;

namespace Backstop.Tests.SpamRules;

/// <summary>The expectations were recorded from Perl's HTML::Parser 3.81 and SpamAssassin 4.0.1.</summary>
public sealed class HtmlTests
{
    [Theory]
    [InlineData("foo bar", "T[foo] T[ bar]")]
    [InlineData("foo <b", "T[foo ] C[<b]")]
    [InlineData("a <!-- b c", "T[a ] C[<!-- b c]")]
    [InlineData("a <!-->b-->c", "T[a ] C[<!-->] T[b-->c]")]
    [InlineData("a <script>foo", "T[a ] S[script] T[foo] E[script]")]
    [InlineData("a <title>foo <b>x", "T[a ] S[title] T[foo ] E[title] S[b] T[x]")]
    [InlineData("x <a href=\"foo", "T[x ] C[<a href=\"foo]")]
    [InlineData("x <![CDATA[ foo <b> ]]> y", "T[x ] T[ foo <b> ] T[ y]")]
    [InlineData("x <![if !mso]> y <![endif]>z", "T[x ] C[<![if !mso]>] T[ y ] C[<![endif]>] T[z]")]
    [InlineData("a < b <3 <_x> <>", "T[a ] T[< b ] T[<3 ] S[_x] T[ ] T[<>]")]
    [InlineData("<!foo bar>x", "C[<!foo bar>] T[x]")]
    [InlineData("<!DOCTYPE html \"x>y\">z", "D[<!DOCTYPE html \"x>y\">] T[z]")]
    [InlineData("<textarea>a<b>c</textarea>d", "S[textarea] T[a<b>c] E[textarea] T[d]")]
    [InlineData("<a b='c>d'>e", "S[a b=c>d] T[e]")]
    [InlineData("<a b=c d e=\"f\" g=>h", "S[a b=c d=d e=f g=] T[h]")]
    [InlineData("<script>\"</script>\" x </script> y", "S[script] T[\"] E[script] T[\" x ] E[script] T[ y]")]
    [InlineData("x<?php foo> y", "T[x] T[ y]")]
    [InlineData("</ foo>bar", "C[</ foo>] T[bar]")]
    [InlineData("<img src=x/>", "S[img src=x/]")]
    [InlineData("a <!-- x > y -- z <b>bold", "T[a ] C[<!-- x >] T[ y -- z ] S[b] T[bold]")]
    [InlineData("abc def <", "T[abc def ] C[<]")]
    [InlineData("&amp &ampfoo &eacutex &alpha &alpha; &#65 &#x41; &#0; &bogus;<b>", "T[& &foo éx &alpha α A A &#0; &bogus;] S[b]")]
    [InlineData("<a href=\"x?a&copy=1&amp;b&lt\">t", "S[a href=x?a©=1&b<] T[t]")]
    public void Tokens_are_those_of_HTML_Parser(string html, string expected) =>
        Assert.Equal(expected, string.Join(' ', HtmlTokenizer.Read(html).Select(Show)));

    [Theory]
    [InlineData("<p>one<br>two</p>three", "\n\none\ntwo\n\nthree")]
    [InlineData("a   b\n c <b> d</b>", "a b c  d")]
    [InlineData("<table><tr><td>x<td>y</table>", " x y")]
    [InlineData("<style>p {}</style>x<script>y</script>", "x")]
    [InlineData("a&nbsp;b", "a b")]
    public void Text_is_what_a_reader_sees(string html, string expected) => Assert.Equal(expected, HtmlRenderer.Render(html).Text);

    [Theory]
    [InlineData("<font color=white>secret</font>seen", "seen", "secret")]
    [InlineData("<span style='display:none'>secret</span>seen", "seen", "secret")]
    [InlineData("<body text='#000000'><p style='background:#010101'>secret</p>seen", "\n\n\n\nseen", "secret")]
    [InlineData("<font size=1>secret</font>seen", "seen", "secret")]
    public void Hidden_text_is_told_from_visible(string html, string visible, string invisible)
    {
        var rendered = HtmlRenderer.Render(html);
        Assert.Equal(visible, rendered.Visible);
        Assert.Equal(invisible, rendered.Invisible);
    }

    [Theory]
    [InlineData("http://a.test/b/", "c.html", "http://a.test/b/c.html")]
    [InlineData("http://a.test/b/c", "../d", "http://a.test/d")]
    [InlineData("", "//www.a.test/x", "http://www.a.test/x")]
    [InlineData("", "http://a.test/x?y#z", "http://a.test/x?y#z")]
    [InlineData("http://a.test/b/", "?q", "http://a.test/b/?q")]
    public void Links_are_resolved(string origin, string reference, string expected) =>
        Assert.Equal(expected, UriReference.Resolve(origin, reference));

    [Fact]
    public void A_hundred_thousand_tags_take_no_more_than_their_length()
    {
        var html = string.Concat(Enumerable.Repeat("<a href=x><font color=red><td>", 100_000))
            + string.Concat(Enumerable.Repeat("<!--", 50_000));
        Assert.NotNull(HtmlRenderer.Render(html));
    }

    private static string Show(HtmlToken token) => token.Kind switch
    {
        HtmlTokenKind.Start => $"S[{string.Join(' ', token.Attributes!.Select(a => $"{a.Key}={a.Value}").Prepend(token.Text))}]",
        HtmlTokenKind.End => $"E[{token.Text}]",
        HtmlTokenKind.Text => $"T[{token.Text}]",
        HtmlTokenKind.Comment => $"C[{token.Text}]",
        _ => $"D[{token.Text}]",
    };
}
