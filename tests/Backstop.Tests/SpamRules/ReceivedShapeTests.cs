using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using CsCheck;

namespace Backstop.Tests.SpamRules;

/// <summary>What is read of Received fields without expressions is what the expressions would read.</summary>
public sealed class ReceivedShapeTests
{
    private static readonly string[] _lines =
    [
        "mail.a.test (ppp1.a.test [192.0.2.1]) by mx.b.test (8.11.6/8.11.6) with ESMTP id g7MBYr",
        "mail.a.test (ppp1.a.test [192.0.2.1] (may be forged)) by mx.b.test (8.12) by other.b.test (8.12) id g7MBYr",
        "mail.a.test ([IPv6:2001:db8::1]) by mx.b.test (Lotus Domino) with ESMTP id 1",
        "mail.a.test (<unknown.test>[192.0.2.1]) by mx.b.test with SMTP", "[192.0.2.1] by mx.b.test via HTTP",
        "[192.0.2.1] by mx.b.test with http for x",
        "mail.a.test (softdnserr [192.0.2.1]) by mx.b.test with SMTP", "(mail.a.test [192.0.2.1]) by mx.b.test (x)",
        "mail.a.test [192.0.2.1] by mx.b.test [192.0.2.2] with SMTP", "mail.a.test (192.0.2.1) by mx.b.test with SMTP",
        "192.0.2.1 by mx.b.test with SMTP id abc", "a(192.0.2.1) by mx.b.test via smap ", "(192.0.2.1) by mx.b.test (x)",
        "mail.a.test ( [192.0.2.1]).x by mx.b.test ", "mail.a.test ([192.0.2.1] [x]) by mx.b.test with SMTP id <abcd>;",
        "[192.0.2.1] by mx.b.test (Post.Office", "[192.0.2.1] by mx.b.test (ArGoSoft", "[192.0.2.1] by mx.b.test (MailGate 3)",
        "mail.a.test ([192.0.2.1] verified) by mx.b.test (x CommuniGate Pro", "([192.0.2.1]) by mx.b.test with SMTP",
        "mail.a.test (unverified [192.0.2.1]) by mx.b.test (x)", "mail.a.test (ident@[192.0.2.1]) by mx.b.test (x)",
        "X-Originating-IP: 2001:db8::1",
    ];

    private static readonly string[] _pieces =
    [
        " ", "(", ")", "[", "]", " by ", ") by ", "192.0.2.1", "192.0.2.300", "2001:db8::1", "IPv6:::1", "a", "a.test", " (", ".", ";",
        "with ", " id ", "<", ">", "x]) by y (", "\u00e9",
    ];

    private static readonly Gen<string> _texts = Gen.Select(
        Gen.OneOf(_lines), Gen.Select(Gen.Int[0, 90], Gen.Int[0, 12], Gen.OneOf(_pieces)).Array[0, 3]).Select(
        (line, changes) => ReceivedText.Clean(changes.Aggregate(line, static (text, change) =>
        {
            var at = Math.Min(change.Item1, text.Length);
            return string.Concat(text.AsSpan(0, at), change.Item3, text.AsSpan(Math.Min(at + change.Item2, text.Length)));
        })));

    private static IEnumerable<ReceivedForm> Forms =>
        ReceivedForms.BeforeQmail.Append(ReceivedForms.SendmailLike).Concat(ReceivedForms.BeforeQmailToo).Concat(ReceivedForms.Qmail)
            .Concat(ReceivedForms.AfterQmail).Concat(ReceivedForms.Last).Concat(ReceivedForms.AfterBatch).Concat(ReceivedForms.AtLast);

    [Fact]
    public void Shapes_read_what_expressions_read()
    {
        var forms = Forms.Where(f => f.Shape is not null).ToList();
        var hits = new int[forms.Count];
        _texts.Sample(
            text =>
            {
                for (var i = 0; i < forms.Count; i++)
                {
                    var match = forms[i].Pattern.Match(text);
                    var shape = forms[i].Shape!.Match(text);
                    Assert.True(match.Success == (shape is not null), $"{forms[i].Pattern.Expression}: {text}");
                    foreach (var (name, value) in shape ?? new Dictionary<string, string>(StringComparer.Ordinal))
                    {
                        Assert.Equal(match.Groups[name].Value, value);
                    }

                    _ = match.Success ? Interlocked.Increment(ref hits[i]) : 0;
                }
            },
            iter: 25_000);
        Assert.True(forms.Count >= 15, $"{forms.Count} of {Forms.Count()} forms are read without an expression");
        Assert.All(forms.Zip(hits), f => Assert.True(f.Second > 0, $"no text was like {f.First.Pattern.Expression}"));
    }

    [Fact]
    public void Texts_read_what_expressions_read()
    {
        var (id, by) = (new PerlRegex(@" id <?([^\s<>;]{3,})"), new PerlRegex(@" by (\S+)(?:[^-A-Za-z0-9;.]|$)"));
        var (space, ends) = (new PerlRegex(@"\s+"), new PerlRegex(@"(?:(?:|\s);)+$"));
        Gen.Select(_texts, Gen.OneOf(" ", "\r\n\t", ";", " ;", " ; ;", "\u00a0"), Gen.Int[0, 60]).Sample(
            (text, added, at) =>
            {
                var raw = text.Insert(Math.Min(at, text.Length), added) + added;
                Assert.Equal(ends.Replace(space.Replace(raw, " ").Trim(' '), ""), ReceivedText.Clean(raw));
                Assert.Equal(id.Match(text).Groups[1].Value, ReceivedText.Id(text));
                Assert.Equal(by.Match(text).Groups[1].Value, ReceivedText.WordBehind(text, " by "));
            },
            iter: 20_000);
    }
}
