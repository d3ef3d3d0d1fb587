using System.Globalization;
using Backstop.Backscatter.Bounces;

namespace Backstop.Interop;

/// <summary>
/// The classifier on 3,286 labelled mails that are not ours to publish: it reads them beside the checkout. A floor, not a target:
/// the wording tables are written from knowledge of the servers, and the same figures are wanted on mail that nobody here has seen.
/// </summary>
public sealed class CorpusTests
{
    private static readonly Dictionary<string, MailKind> _kinds = new(StringComparer.Ordinal)
    {
        ["bounce"] = MailKind.Bounce,
        ["delayed"] = MailKind.Delay,
        ["autoreply"] = MailKind.AutoReply,
        ["challenge"] = MailKind.Challenge,
        ["virusnotice"] = MailKind.VirusNotice,
        ["arf"] = MailKind.FeedbackReport,
        ["mdn"] = MailKind.Mdn,
        ["ham"] = MailKind.None,
        ["spam"] = MailKind.None,
    };

    private sealed record Row(string Label, bool ReturnsId, BounceReport Report);

    [Fact]
    public async Task Corpus_is_read_as_labelled()
    {
        using var folder = new TempFolder();
        await Tool.RunAsync("/bin/tar", ["-xJf", Needs.Shared("corpora/mail-open.tar.xz"), "-C", folder.Path], TimeSpan.FromMinutes(2));
        var rows = Read(folder).ToList();

        // Four labels are not what the mail is: three bounces are plain spam and one is a person's forward; one mdn is mail of a
        // list, and one delay says "Action: failed". They count as missed.
        Assert.InRange(Share(rows, "bounce"), 0.985, 1);
        Assert.InRange(Share(rows, "delayed"), 0.96, 1);
        Assert.InRange(Share(rows, "virusnotice"), 0.95, 1);
        Assert.InRange(Share(rows, "arf"), 1, 1);
        Assert.InRange(Share(rows, "mdn"), 0.75, 1);
        Assert.InRange(Share(rows, "autoreply"), 0.85, 1);
        Assert.InRange(Share(rows, "challenge"), 0.85, 1);
        Assert.InRange(Share(rows, "ham"), 1, 1);
        Assert.InRange(Share(rows, "spam"), 0.995, 1);

        var recognised = rows.Where(r => r.Label is not ("ham" or "spam" or "other") && r.Report.Kind != MailKind.None).ToList();
        Assert.InRange(recognised.Count(r => r.Report.Kind == _kinds[r.Label]) / (double)recognised.Count, 0.97, 1);

        var returning = rows.Where(r => r.Label == "bounce" && r.ReturnsId).ToList();
        Assert.InRange(returning.Count(r => r.Report.Returned.MessageId is not null) / (double)returning.Count, 0.98, 1);
        var bounces = rows.Where(r => r.Label == "bounce").ToList();
        Assert.InRange(
            bounces.Count(r => r.Report.Recipients.Any(a => a.Address.Contains('@', StringComparison.Ordinal))) / (double)bounces.Count,
            0.97, 1);
    }

    /// <summary>
    /// Without the parts of a delivery report, which most senders make today, the words must do: as many as a test can ask of mail
    /// it did not choose.
    /// </summary>
    [Fact]
    public async Task Words_alone_know_the_bounces_that_structure_knows()
    {
        using var folder = new TempFolder();
        await Tool.RunAsync("/bin/tar", ["-xJf", Needs.Shared("corpora/mail-open.tar.xz"), "-C", folder.Path], TimeSpan.FromMinutes(2));
        var all = 0;
        var known = 0;
        foreach (var file in Directory.EnumerateFiles(folder["bounce"]))
        {
            var text = System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
            if (!text.Contains("message/delivery-status", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var bare = text.Replace("message/delivery-status", "application/x-nothing", StringComparison.OrdinalIgnoreCase)
                .Replace("multipart/report", "multipart/mixed", StringComparison.OrdinalIgnoreCase)
                .Replace("X-Failed-Recipients", "X-Nothing", StringComparison.OrdinalIgnoreCase);
            all++;
            known += BounceClassifier.Classify(System.Text.Encoding.Latin1.GetBytes(bare), null).Kind == MailKind.Bounce ? 1 : 0;
        }

        Assert.InRange(all, 300, 600);
        Assert.InRange(known / (double)all, 0.985, 1);
    }

    private static IEnumerable<Row> Read(TempFolder folder)
    {
        foreach (var line in File.ReadLines(folder["labels.tsv"]).Skip(1))
        {
            var columns = line.Split('\t');
            yield return new(columns[1], columns[7] == "Y", BounceClassifier.Classify(File.ReadAllBytes(folder[columns[0]]), null));
        }
    }

    private static double Share(List<Row> rows, string label)
    {
        var those = rows.Where(r => r.Label == label).ToList();
        var right = those.Count(r => r.Report.Kind == _kinds[label]);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{label}: {right} of {those.Count}"));
        return right / (double)those.Count;
    }
}
