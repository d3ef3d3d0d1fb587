using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Tests.Server;

/// <summary>
/// The same mail over every front: the same kind, verdict, folder and reason. The policy service sees no message, the spamd protocol judges
/// no report; a recipient that does not exist is known only where the mailboxes are, so none is asked for here.
/// </summary>
public sealed class FrontsAgreeTests
{
    [Theory]
    [InlineData(UnprovedPolicy.Auto)]
    [InlineData(UnprovedPolicy.Refuse)]
    public async Task Same_mail_same_verdict(UnprovedPolicy unproved)
    {
        Front[] fronts =
        [
            new MailboxFront("smtp", isLmtp: false), new MailboxFront("lmtp", isLmtp: true),
            new ProxyFront("smtp proxy", isLmtp: false), new ProxyFront("lmtp proxy", isLmtp: true), new MilterFront("milter"),
        ];
        var mails = Mails().ToList();
        var said = await Task.WhenAll(fronts.Select(async front =>
        {
            await using var one = await front.StartAsync(o => Configure(o, unproved));
            return await one.SendAllAsync(mails);
        }));
        var differences =
            from mail in Enumerable.Range(0, mails.Count)
            from front in Enumerable.Range(1, fronts.Length - 1)
            where said[front][mail] != said[0][mail]
            select $"{mails[mail].Name}: {fronts[0].Name} {said[0][mail]}, {fronts[front].Name} {said[front][mail]}";
        Assert.Empty(differences);

        // Nothing is agreed on where all say the same of everything.
        Assert.Equal(["deliver", "file", "refuse 550"], said[0].Select(o => o.Verdict).Distinct().Order(StringComparer.Ordinal));
        Assert.InRange(said[0].Select(o => o.Kind).Distinct().Count(), 8, 100);
        Assert.InRange(said[0].Select(o => o.Reason).Distinct().Count(), 8, 100);
    }

    private static void Configure(BackstopOptions options, UnprovedPolicy unproved)
    {
        options.Backscatter.Unproved = unproved;
        options.Batv.AlwaysSigned = ["you@example.org"];
        Directory.CreateDirectory(options.Data);
        BatvKeyFile.AddNew(DataPaths.BatvKeys(options));

        // What many mails together mean, and how long a busy machine took, is no matter of the mail.
        options.Storm.Enabled = false;
        options.Smtp.CpuPerMessage = TimeSpan.FromMinutes(1);
    }

    private static IEnumerable<FrontMail> Mails()
    {
        var folder = Path.Combine(HouseRulesTests.Root(), "tests", "mails");
        foreach (var file in Directory.EnumerateFiles(folder, "*.eml").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var octets = File.ReadAllBytes(file);

            // No protocol has a last line without its end.
            octets = octets.AsSpan().EndsWith("\n"u8) ? octets : [.. octets, (byte)'\n'];
            var reversePath = BounceClassifier.Classify(octets, null).Kind == MailKind.None ? "<ann@client.example>" : "<>";
            yield return new(name, reversePath, "me@example.org", octets);
            yield return new(name + " (8 bit)", reversePath, "me@example.org", EightBit(octets));
        }

        yield return new("forged tag", "<>", "prvs=0123456789=me@example.org", "Subject: x\n\nx\n"u8.ToArray());
        yield return new("no tag", "<>", "you@example.org", "Subject: x\n\nx\n"u8.ToArray());
        yield return new("subject that nobody can read as UTF-8", "<postmaster@client.example>", "me@example.org", Latin1(
            """
            From: postmaster@client.example
            To: me@example.org
            Subject: Échec de la remise : bonjour

            Échec de la remise à ces destinataires ou listes de distribution :

            sam@example.com

            """));
    }

    // Raw Latin-1 at the end of the subject and before the first line of the body.
    private static byte[] EightBit(byte[] mail)
    {
        var fields = new List<HeaderField>();
        var body = HeaderScan.Scan(mail, fields);
        var subject = fields.Find(mail, "Subject"u8)!.Value;
        var end = subject.BodyStart + subject.BodyLength;
        return [.. mail[..end], .. Latin1(" Été"), .. mail[end..body], .. Latin1("é "), .. mail[body..]];
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
