using System.Diagnostics;
using System.Text;
using Backstop.Backscatter.Bounces;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>Whatever arrives, the classifier answers, and soon.</summary>
public sealed class ClassifierFuzzTests
{
    private static readonly byte[][] _seeds =
        [.. Directory.EnumerateFiles(
            Path.Combine(HouseRulesTests.Root(), "tests", "mails"), "*.eml").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    [Fact]
    public void Damaged_mail_is_classified_without_an_exception() =>
        Gen.Select(
            Gen.Int[0, _seeds.Length - 1], Gen.Select(Gen.Int[0, 4000], Gen.Byte).Array[0, 20], Gen.Int[0, 4000])
        .Sample((seed, changes, cut) =>
        {
            var mail = (byte[])_seeds[seed].Clone();
            foreach (var (at, value) in changes)
            {
                mail[at % mail.Length] = value;
            }

            Assert.All(BounceClassifier.Classify(mail.AsMemory(0, Math.Min(cut, mail.Length)), true).Recipients, r => _ = r.Class);
        });

    [Fact]
    public void Any_bytes_are_classified() => Gen.Byte.Array[0, 500].Sample(bytes => BounceClassifier.Classify(bytes, null));

    /// <summary>JSON may escape half of a surrogate pair, which is no text.</summary>
    [Theory]
    [InlineData("\\ud800", "a@b.example", "{}")]
    [InlineData("Bounce", "\\udc00", "{}")]
    [InlineData("Bounce", "a@b.example", """{"headers":[{"name":"Subject","value":"\ud800"}]}""")]
    [InlineData("Bounce", "a@b.example", """{"\ud800":1,"source":"\ud800"}""")]
    public void Broken_text_of_a_cloud_is_mail(string type, string recipient, string mail)
    {
        var bounce = $$"""{"bouncedRecipients":[{"emailAddress":"{{recipient}}"}]}""";
        var notice = $$"""{"notificationType":"{{type}}","bounce":{{bounce}},"mail":{{mail}}}""";
        Assert.Equal(MailKind.None, Classify(notice).Kind);
        var escaped = notice.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        Assert.Equal(MailKind.None, Classify($$"""{"Message":"{{escaped}}"}""").Kind);
        Assert.Equal(MailKind.None, Classify("""{"notificationType":"Bounce","Message":"\ud800"}""").Kind);

        static BounceReport Classify(string text) =>
            BounceClassifier.Classify(Encoding.UTF8.GetBytes("From: no-reply@sns.amazonaws.com\n\n" + text), null);
    }

    /// <summary>
    /// Shapes that cost the square of their length in other parsers. The bound is generous: the square would take minutes.
    /// </summary>
    [Theory]
    [InlineData("From: a@b.c\n\n", "From: a@b.c\nx\n")]
    [InlineData("From: a@b.c\n\n", "> From: a@b.c\n")]
    [InlineData("From: mailer-daemon@b.c\n\n", "@a.b")]
    [InlineData("From: mailer-daemon@b.c\n\n", "5.5.5")]
    [InlineData("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n")]
    [InlineData("Subject: ", "=?utf-8?q?a?=")]
    [InlineData("References: ", "<a@b> ")]
    [InlineData(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n",
        "Action: failed\n\n")]
    [InlineData("", "A:b\n")]
    [InlineData("A: b\n", " fold\n")]
    public void Hostile_shapes_are_no_slower_than_others(string start, string repeated)
    {
        var text = start + string.Concat(Enumerable.Repeat(repeated, (256 << 10) / repeated.Length));
        var started = Stopwatch.GetTimestamp();
        BounceClassifier.Classify(Encoding.ASCII.GetBytes(text), true);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }
}
