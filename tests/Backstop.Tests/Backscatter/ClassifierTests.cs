using System.Text;
using Backstop.Backscatter.Bounces;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>Laws of the classifier that no single mail shows.</summary>
public sealed class ClassifierTests
{
    private const string Bounce = "Return-Path: <>\nFrom: MAILER-DAEMON@mail4.example.net\nTo: me@example.org\nSubject: failure notice\n";

    public static TheoryData<string> Charsets =>
    [
        "utf-7", "UTF-7", "x-unknown", "", "iso-2022-jp", "iso-2022-kr", "gb18030", "big5", "koi8-r", "utf-16", "utf-32", "ks_c_5601-1987",
        "65000", "../../etc", "unicode-1-1-utf-7",
    ];

    /// <summary>A bounce that said utf-7 ended the session with an exception: .NET refuses that name in a way of its own.</summary>
    [Theory]
    [MemberData(nameof(Charsets))]
    public void Charset_that_nobody_can_read_is_no_reason_to_fail(string charset) => Assert.Equal(
        MailKind.Bounce,
        Classify(
            $"{Bounce}Content-Type: text/plain; charset=\"{charset}\"\n\nHi. This is the qmail-send program at "
                + $"mail4.example.net.\n<you@example.com>: 550 no such user\n").Kind);

    [Fact]
    public void Any_charset_name_is_survived() => Gen.String[0, 30].Sample(name =>
        Classify($"{Bounce}Content-Type: text/plain; charset=\"{name}\"\n\nHi. This is the qmail-send program.\n"));

    [Theory]
    [InlineData(
        "quoted-printable", "Hi. This is the qmail=2Dsend program at ma=\nil4.example.net. <you@example.com>: 550 5.1.1 no such user")]
    [InlineData(
        "base64",
        "SGkuIFRoaXMgaXMgdGhlIHFtYWlsLXNlbmQgcHJvZ3JhbSBhdCBtYWlsNC5leGFtcGxlLm5ldC4gPHlvdUBleGFtcGxlLmNvbT46IDU1MCA1LjEuMSBubyBzdWNoIH"
            + "VzZXI=")]
    [InlineData("7bit", "Hi. This is the\nqmail-send    program at mail4.example.net. <you@example.com>: 550 5.1.1 no such user")]
    public void Encodings_and_line_ends_hide_no_words(string encoding, string body)
    {
        var report = Classify($"{Bounce}Content-Transfer-Encoding: {encoding}\n\n{body}\n");
        Assert.Equal(("qmail", "you@example.com", "5.1.1"), (report.Format, report.Recipients[0].Address, report.Recipients[0].Status));
    }

    [Theory]
    [InlineData("550 5.1.1 no", "5.1.1", StatusSource.Given)]
    [InlineData("550 no such user", "5.1.1", StatusSource.Inferred)]
    [InlineData("mailbox is full", "5.2.2", StatusSource.Inferred)]
    [InlineData("Host unknown (Name server: host not found)", "5.1.2", StatusSource.Inferred)]
    [InlineData("Name service error for slow.example: Host not found, try again", "4.4.3", StatusSource.Inferred)]
    [InlineData("554 refused", "5.0.0", StatusSource.Inferred)]
    [InlineData("451 come back", "4.0.0", StatusSource.Inferred)]
    [InlineData("version 5.1.12345 of 192.5.5.241", null, StatusSource.None)]
    public void Status_is_given_or_inferred_and_says_which(string said, string? status, StatusSource source)
    {
        var recipient = Classify($"{Bounce}\nHi. This is the qmail-send program.\n\n<you@example.com>:\n{said}\n").Recipients[0];
        Assert.Equal((status, source), (recipient.Status, recipient.StatusSource));
    }

    [Fact]
    public void Words_about_one_recipient_are_not_said_of_the_one_before()
    {
        var report = Classify(
            $"{Bounce}\nHi. This is the qmail-send program.\n\n<one@example.com>:\n550 no such user\n<two@example.com>:\n552 mailbox "
                + $"full\n\n");
        Assert.Equal(["550 no such user", "552 mailbox full"], report.Recipients.Select(r => r.Diagnostic));
    }

    [Fact]
    public void Several_addresses_may_stand_before_the_words_about_them()
    {
        var report = Classify(
            $"{Bounce}\nHi. This is the qmail-send program.\n\n<one@example.com>:\n<two@example.com>:\n<three@example.com>:\n550 no "
                + $"such user\n\n");
        Assert.All(report.Recipients, r => Assert.EndsWith("550 no such user", r.Diagnostic, StringComparison.Ordinal));
    }

    [Fact]
    public void Evidence_names_what_decided()
    {
        var report = Classify(Bounce + "\nHi. This is the qmail-send program.\n");
        Assert.Contains("null reverse-path", report.Evidence);
        Assert.Contains(report.Evidence, e => e.Contains("failure notice", StringComparison.Ordinal));
    }

    [Fact]
    public void Gateway_and_returned_header_are_read()
    {
        var report = Classify(File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "tests", "mails", "bounce-postfix.eml")));
        Assert.Equal("mail4.example.net", report.ReportingMta);
        Assert.NotEmpty(report.Returned.Received);
        Assert.StartsWith("Received: from mx.example.org", Encoding.ASCII.GetString(report.Returned.Header.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_is_read_like_bytes()
    {
        var path = Path.Combine(HouseRulesTests.Root(), "tests", "mails", "bounce-qmail.eml");
        await using var stream = File.OpenRead(path);
        var fromStream = await BounceClassifier.ReadAsync(stream, TestContext.Current.CancellationToken);
        Assert.Equal(
            BounceClassifier.Classify(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), null).Returned.MessageId,
            fromStream.Returned.MessageId);
    }

    /// <summary>What a bounce returns may be a report that we sent; only its own parts make it one.</summary>
    [Fact]
    public void Bounce_that_returns_a_machine_s_report_is_a_bounce() => Assert.Equal(
        MailKind.Bounce,
        Classify(
            $"{Bounce}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHi. This is the qmail-send program.\n<you@example.com>: 550 "
                + $"no such user\n--x\n"
            + "Content-Type: message/rfc822\n\nFrom: dmarc@example.org\nTo: you@example.com\nMessage-ID: "
            + "<r@example.org>\nContent-Type: multipart/mixed; boundary=y\n\n"
            + "--y\nContent-Type: application/gzip; name=\"example.org!example.com!1!2.xml.gz\"\n\nH4sI\n--y--\n--x--\n").Kind);

    [Fact]
    public async Task Stream_without_end_is_left_alone()
    {
        await using var endless = new Endless();
        await BounceClassifier.ReadAsync(endless, TestContext.Current.CancellationToken);
        Assert.Equal(BounceClassifier.MaxMessage, endless.Given);
    }

    private static BounceReport Classify(string message) => BounceClassifier.Classify(Encoding.UTF8.GetBytes(message), null);

    private sealed class Endless : MemoryStream
    {
        public int Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'a');
            Given += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
