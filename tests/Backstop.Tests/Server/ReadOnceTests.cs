using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Storms;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Backstop.Mail;
using Backstop.Tests.House;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>
/// From the data to the verdict a header is scanned once and its parts are found once. Behind the first reading the colons of the
/// header and the boundaries are overwritten, which nobody but a scan looks at: whoever scanned again would find no fields and no
/// parts.
/// </summary>
public sealed class ReadOnceTests
{
    private const string Victim = "me@example.org";

    // Who scans text that is no message on its way: what a report returns, a part's own fields, mail that lies in a folder, mail
    // that is sent.
    private static readonly string[] _scanners =
    [
        "Backstop.Backscatter.Bounces.DeliveryStatu"
            + "s", "Backstop.Backscatter.Bounces.ReturnedReader", "Backstop.Backscatter.Bounces.Structure",
        "Backstop.Backscatter.Proofs.OriginProver", "Backstop.Backscatter.Proofs.OwnDkim", "Backstop.Backscatter.Proofs.OwnFields",
        "Backstop.Clean.MboxSource", "Backstop.Mail.HeaderScan", "Backstop.Mail.MailMessage", "Backstop.Mail.MimeScan",
        "Backstop.Mail.SentHeader",
        "Backstop.Server.Web.FiledMail",
    ];

    private static readonly DateTimeOffset _now = new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Mails =>
        [.. Directory.EnumerateFiles(Folder, "*.eml").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(HouseRulesTests.Root(), "tests", "mails");

    [Theory]
    [MemberData(nameof(Mails))]
    public void Verdict_of_stored_mail_needs_no_second_scan(string name)
    {
        var options = new BackstopOptions();
        var judge = new StoredJudge(options, Proving.Create(options, new Backstop.Clean.SentMail(null, 0), []), asksWhoTo: true);
        var octets = File.ReadAllBytes(Path.Combine(Folder, name + ".eml"));
        var expected = Say(new(octets));
        var message = new MailMessage(octets);
        Spoil(message, octets);
        Assert.Equal(expected, Say(message));

        string Say(MailMessage mail)
        {
            var (report, verdict, proofs, ours) = judge.Judge(mail, default, _now);
            var shape = MassMail.Look(mail, report);
            var explained = Encoding.UTF8.GetString(Explanation.Of("-", report, verdict, proofs, null, 0).ToJsonLine());
            return $"{explained} {shape} {ReceivedFrom.Read(mail)} {ours}";
        }
    }

    [Theory]
    [InlineData(
        "",
        "Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: me@example.org\nSubject: Undelivered Mail Returned to "
            + "Sender\nMIME-Version: 1.0\n"
        + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nThis is the "
        + "mail system.\n\n"
        + "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.far.example\n\nFinal-Recipient: rfc822; "
        + "gone@far.example\nAction: failed\nStatus: 5.1.1\n\n--b--\n", "bounce:unproved", 0)]
    [InlineData(
        "news@shop.example",
        "From: news@shop.example\nSubject: Please confirm your subscription\nList-Unsubscribe: <https://shop.example/u>\n"
        + "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nClick https://shop.example/c/1\n--b\nContent-Type: "
        + "text/html\n\n<p>Click</p>\n--b--\n", "mail", 7)]
    public async Task Verdict_of_arriving_mail_needs_no_second_scan(string from, string text, string reason, int weight)
    {
        var time = new FakeTimeProvider(_now);
        using var rig = new RuleRig(time, [Victim]);
        var expected = await rig.SendAsync("192.0.2.1", from, Victim, text);
        Assert.Equal((reason, weight), (expected.Reason, rig.Shape.Weight));
        var shape = rig.Shape;
        var spoiled = await rig.SendAsync("192.0.2.1", from, Victim, text, Spoil);
        Assert.Equal((expected, shape), (spoiled, rig.Shape));
    }

    /// <summary>Else the tests above could not fail.</summary>
    [Fact]
    public void Second_scan_of_a_spoiled_message_finds_nothing()
    {
        var octets = File.ReadAllBytes(Path.Combine(Folder, "bounce-postfix.eml"));
        var before = new MailMessage(octets);
        Assert.InRange(before.Parts.Count, 3, MimeScan.MaxParts);
        Assert.Equal(MailKind.Bounce, BounceClassifier.Classify(octets, null).Kind);
        Spoil(before, octets);
        Assert.Empty(new MailMessage(octets).Fields);
        Assert.Single(MimeScan.Scan(octets, before.Fields, before.BodyStart));
        Assert.Equal(MailKind.None, BounceClassifier.Classify(octets, null).Kind);
    }

    [Fact]
    public void Only_messages_scan_headers_and_parts() => Listed.Exactly(
        _scanners,
        Uses(u =>
            u.Type.ToString() is "Backstop.Mail.HeaderScan" or "Backstop.Mail.MimeScan" && u.Name.StartsWith(
                "Scan", StringComparison.Ordinal)).Select(m => m.Type.ToString()));

    /// <summary>SMTP, LMTP and the proxy, milter, and clean: each makes one message of what arrives, and hands it on.</summary>
    [Fact]
    public void No_front_makes_two_messages_of_one()
    {
        var found = Uses(IsMade).Where(m =>
            m.Type.Namespace is "Backstop.Server.Way" or "Backstop.Judging" or "Backstop.Judging.Rules" or "Backstop.Clean").ToList();
        Assert.InRange(found.Count, 2, 3);
        Assert.All(found, m => Assert.Equal((m.Owner, 1), (m.Owner, m.Uses.Count(IsMade))));

        static bool IsMade(MethodUse use) => use.Type.ToString() == "Backstop.Mail.MailMessage" && use.Name == ".ctor";
    }

    private static IEnumerable<MethodCode> Uses(Func<MethodUse, bool> isMeant) => Project.All.SelectMany(project =>
    {
        using var code = new AssemblyCode(project.Assembly);
        return code.Methods().Where(m => m.Uses.Any(isMeant)).ToList();
    });

    private static void Spoil(MailMessage message, byte[] octets)
    {
        foreach (var field in message.Fields.Concat(message.StrictFields))
        {
            octets[field.BodyStart - 1] = 0;
        }

        foreach (var part in message.Parts.Concat(message.StrictParts).Where(p => p.Type.IsMultipart).ToList())
        {
            var delimiter = Encoding.UTF8.GetBytes("--" + part.Type.Boundary);
            for (var at = part.BodyStart; at < part.BodyEnd; at = HeaderScan.LineEnd(octets, at))
            {
                if (octets.AsSpan(at).StartsWith(delimiter)
                    && !message.Parts.Any(p => !p.Type.IsMultipart && at >= p.HeaderStart && at < p.BodyEnd))
                {
                    octets[at] = 0;
                }
            }
        }
    }
}
