using Backstop.Backscatter.Bounces;
using Backstop.Mail;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Html;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.SpamRules.Text;
using Backstop.SpamRules.Uris;

namespace Backstop.Tests.Growth;

/// <summary>What reads whole messages, parts and texts, and the inputs that cost it most.</summary>
internal static class BodyGrowth
{
    private static readonly SpamScanner _scanner = new(RuleSet.Own());
    private static readonly UriFinder _uris = new(RuleSet.Own().Settings.Boundaries);

    public static IEnumerable<Scanner> All =>
    [
        new(
            "header block", text => HeaderScan.ScanDamaged(text, [], out _),
            [
                new("", "a: b\n"), new("", " \n"), new("a: b\n", " c\n"), new("", "a\n"), new("", "a:"), new("a: b\n", "x\nFrom: y\n"),
                new("", "\r"),
            ]),
        new("damaged header block", text => HeaderScan.ScanLoose(text, []), [new("", "a: b\n"), new("a: b\n", "c\n"), new("", ":")]),
        new("MIME parts", ScanParts,
        [
            new("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n"), new(
                "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: multipart/mixed; boundary=b\n\n"),
            new("Content-Type: multipart/mixed; boundary=b\n\n", "-"), new(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "a: b\n"), new(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b", ";\n c=d"),
        ]),
        new("MIME parts of rules", text => _ = SpamMessage.Parse(Octets.FromBytes(text)).Leaves().Count(),
        [
            new(
                "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n"), new(
                    "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"), new("", "Content-Type: message/rfc822\n\n"),
            new(
                "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: multipart/mixed; "
                    + "boundary=b\n\n"), new("", "a: b\n"), new("a: b\n", " c\n"), new("Subject: x\n\n", "a"),
            new("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "a"), new("Subject: x\n\n", "\n"), new(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "a: b\n"),
        ]),
        new(
            "quoted-printable", text => TransferDecoding.QuotedPrintable(Octets.FromBytes(text)),
            [new("", "="), new("", "=\n"), new("", " "), new("", " \t\n"), new("", "=3D"), new("", "\t\r")]),
        new(
            "base64", text => TransferDecoding.Base64(Octets.FromBytes(text)),
            [new("", "="), new("", "YQ=="), new("", "a"), new("", "!"), new("", "a\n")]),
        new("transfer encodings of parts", DecodeParts, [new("", "="), new("", "=\n"), new("", "YQ=="), new("", " "), new("", "a\n")]),
        new(
            "HTML", text => HtmlText.Read(HeaderText.ToText(text)),
            [
                new("", "<"), new("", "<!--"), new("", "<!"), new("", "<a b=\""), new("", "</"), new("", "&"), new("", "&#"),
                new("", "<script>"), new("", "<![CDATA["), new("", "<?"),
            ]),
        new("HTML of rules", text => _ = HtmlRenderer.Render(Octets.FromBytes(text)).Text,
        [
            new("", "<"), new("", "<!--"), new("", "<!"), new("", "<!-- -"), new("", "<a b=\""), new("", "</"), new("", "&"),
            new("", "&amp"), new("", "&#"), new("", "<script>"), new("", "<title>"), new("", "<style>"), new("", "<?"), new("", "<div>"),
            new("", "<b>"), new("", "</b>"), new("", "<p style='color:red;background:url(x),rgb(1,2,3)'>"),
            new("<p style='", "color:red;", "'>"), new("<p style='background:", "url(", "'>"), new("<p style='color:", "rgb(", "'>"),
            new("<a ", "b=c ", ">"), new("<a href='", "a/../", "'>"), new("", "<a href=http://a.com/>x"), new("", "<font color=x>"),
            new("", "<base href=http://a.com/>"), new("", "<table><tr><td>"), new("", "<!doctype "), new("", "<a <"), new("", "<a '"),
            new("", "</title"), new("<textarea>", "</textare"), new("<script>", "</"),
        ]),
        new("URIs of a text", text => _ = _uris.Find([.. Octets.FromBytes(text).Chunk(2048).Select(c => new string(c))]).Count(),
        [
            new("", "http://"), new("", "www."), new("", "a.com"), new("", "a.com "), new("", "a@b.com "), new("", "a@"), new("", "@"),
            new("", "."), new("", "a."), new("http://a.com/", "("), new("http://a.com/", ")"), new("", "mailto:"), new("", "://"),
            new("", "-"), new("http://", "%2e"),
        ]),
        new(
            "forms of a URI",
            text => new UriCanonical(RuleSet.Own().Settings.Boundaries, new Redirectors([], _ => { })).Forms(Octets.FromBytes(text)),
        [
            new("http://", "%2e"), new("http://", "a."), new("http://", "http://"), new("http://a.com/?", "http://a.com/?"),
            new("http://", "&#46;"), new("http://", "@"), new("http://a", ":1"), new("mailto:", "a@"), new("http://", "0"),
            new("http://a.com/", "//"), new("http://", "0x1."),
        ]),
        new(
            "mail addresses of a text", text => _ = AddressFinder.Find(Octets.FromBytes(text)).Count(),
            [new("", "a"), new("", "a."), new("", "a@"), new("", "a@b."), new("", "a@b.c"), new("", "@"), new("", "a.a@a-.")]),
        new(
            "host names of a text", text => _ = HostFinder.Find(Octets.FromBytes(text)).Count(),
            [new("", "."), new("", "a"), new("", "a."), new("", "a.-"), new("", "a.b "), new("a.", "-"), new("", "a._")]),
        new("all of a mail", text => _scanner.Scan(text),
        [
            new("", "To: <script><script><script><script><script><script><script>r\n"), new(
                "", "Received: from a ([192.0.2.1]) by b (c) with SMTP id ddd; Mon, 1 Jan 2024 00:00:00 +0000\n"), new("To: ", "a@b.com, "),
            new(
                "Content-Type: text/html\n\n", "<a href=http://a.com/><b>"), new("Subject: x\n\n", "a@b.com "), new(
                    "Subject: x\n\n", "www.a.com/"), new("Subject: ", "=?utf-8?Q?a?= "), new("Subject: x\n\n", "a"),
            new("Subject: x\n\n", "\n"), new("", "a: b\n"), new(
                "Content-Type: text/html\n\n", "<p style='color:red'>"), new("Subject: x\n\n", "http://a.com/ "), new(
                    "Content-Type: text/html\n\n", "<div>"),
        ]),
        new("bounces", text => BounceClassifier.Classify(text, true),
        [
            new(
                "From: MAILER-DAEMON@a\nSubject: failure notice\n\n", "<a@b.com>:\n"), new(
                    "From: MAILER-DAEMON@a\nSubject: failure\n\n", "550 5.1.1 "), new(
                "From: MAILER-DAEMON@a\nSubject: failure\n\n", "Final-Recipient: rfc822; a@b\n"),
            new("From: MAILER-DAEMON@a\nSubject: failure\n\n", "a@b "), new(
                "From: MAILER-DAEMON@a\nSubject: failure\n\n", "Message-ID: "), new(
                "From: MAILER-DAEMON@a\nSubject: failure\n\n", "begin 644 a\n"),
            new("From: MAILER-DAEMON@a\nSubject: ", "undelivered "), new(
                "From: postmaster@a\nContent-Type: text/html\n\n", "<"), new("From: MAILER-DAEMON@a\nSubject: failure\n\n", ">"),
            new(
                "From: MAILER-DAEMON@a\nContent-Type: multipart/report; boundary=b\n\n",
                "--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b\n\n"),
        ]),
        new(
            "fields of a delivery status", text => DeliveryStatus.Read(text),
            [new(
                "", "Final-Recipient: rfc822; a@b\n"), new("", "\n"), new("", "Status: 5.1.1\n\n"), new(
                    "", "Diagnostic-Code: smtp; \n "), new("", "a\n"), new("Final-Recipient: ", ";")]),
        new(
            "start of a delivery status", text => DeliveryStatus.Find(text),
            [new("", "Reporting-MTA: "), new("", "Reporting-MTA:\n"), new("", "\n"), new("", "Final-Recipient\n")]),
        new(
            "ids named in a text", text => IdLabels.Find(HeaderText.ToText(text)),
            [new("", "Message ID: "), new("", "Message-ID"), new("", "<"), new("", "ID: <a"), new("", ": ")]),
        new(
            "status codes", text => StatusWords.Given(HeaderText.ToText(text)),
            [new("", "5."), new("", "5.1"), new("", "550-"), new("", "550 5.1."), new("", "1")]),
        new(
            "returned messages in a text", text => ReturnedReader.FromText(text, out _),
            [new("", "From: a\n"), new("", "> From: a\n"), new("", ">"), new("", "Message-ID:\n"), new(
                "", "----- Original message -----\n"), new("", "\n")]),
        new(
            "TNEF", text => TnefReport.Read(text),
            [new(
                "\x78\x9f\x3e\x22\0\0", "\x01\0\0\0\0\0\0\0\0\0\0"), new(
                    "\x78\x9f\x3e\x22\0\0", "REPORT.IPM"), new("", "\x78\x9f\x3e\x22")]),
    ];

    private static void ScanParts(byte[] text)
    {
        var fields = new List<HeaderField>();
        MimeScan.Scan(text, fields, HeaderScan.Scan(text, fields));
    }

    private static void DecodeParts(byte[] text)
    {
        PartText.Decode(text, "base64", text.Length);
        PartText.Decode(text, "quoted-printable", text.Length);
    }
}
