using System.IO.Compression;
using System.Text;
using Backstop.Mail;
using Backstop.SpamRules.Attachments;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.SpamRules.Text;
using CsCheck;

namespace Backstop.Tests.SpamRules;

/// <summary>What is attached is as hostile as the rest of a mail: it is read within bounds, whatever it claims.</summary>
public sealed class HostileAttachmentTests
{
    private static readonly SpamScanner _scanner = new(RuleSet.Parse("""
        loadplugin Mail::SpamAssassin::Plugin::PDFInfo
        loadplugin Mail::SpamAssassin::Plugin::OLEVBMacro
        olemacro_extended_scan 1
        olemacro_max_file 10000000
        body PDF eval:pdf_count(1)
        body IMAGES eval:pdf_image_count(1)
        body MACRO eval:check_olemacro()
        body RUNS eval:check_olemacro_malice()
        body LOADS eval:check_olemacro_download_exe()
        body OUTSIDE eval:check_olemacro_redirect_uri()
        body GTUBE /gtube/
        score GTUBE 1000
        """));

    private static readonly string[] _names = ["a.pdf", "a.zip", "a.docm", "a.x"];

    [Fact]
    public void No_octets_of_an_attachment_make_it_throw() => Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[0, _names.Length - 1])
        .Sample((bytes, name) => Scan(_names[name], bytes) is not null);

    [Fact]
    public void No_part_of_an_archive_makes_it_throw()
    {
        var whole = Zip(("[Content_Types].xml", "macroEnabled"), ("word/vbaProject.bin", "AutoOpen"), ("a.zip", "PK"));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, whole.Length]).Sample((at, value, length) =>
        {
            var damaged = whole[..length];
            if (at < length)
            {
                damaged[at] = value;
            }

            return Scan("a.docm", damaged) is not null;
        });
    }

    [Theory]
    [InlineData("author that does not end", "/Author(", 50_000)]
    [InlineData("authors", "/Author(x)\n", 50_000)]
    [InlineData("links that do not end", "/URI(http://", 50_000)]
    [InlineData("links", "/URI(http://a.test/)\n", 50_000)]
    [InlineData("signatures", "%PDF-", 100_000)]
    [InlineData("pictures", "/Image\n9 0 0 9 0 0 cm\n", 50_000)]
    [InlineData("digits", "9", 500_000)]
    [InlineData("backslashes", "\\", 500_000)]
    [InlineData("closing angles", "/Title<", 100_000)]
    public void A_file_of_repeated_marks_is_read_to_its_end(string what, string repeated, int count)
    {
        var file = new StringBuilder("%PDF-1.4\n/Image\n").Insert(16, repeated, count).ToString();
        Assert.Equal((what, 1), (what, Scan("a.pdf", Encoding.Latin1.GetBytes(file)).Hits.Count(h => h.Rule == "PDF")));
    }

    [Fact]
    public void A_pdf_has_no_more_than_twenty_links()
    {
        var file = string.Concat(Enumerable.Range(0, 100).Select(i => $"/URI(http://a{i}.test/)\n"));
        var facts = new PdfFacts();
        var mail = Backstop.SpamRules.Mime.SpamMessage.Parse($"Content-Type: application/pdf\n\n%PDF-1.4\n{file}");
        new PdfReader(facts).Read(mail);
        Assert.Equal(20, facts.Uris.Count);
    }

    [Fact]
    public void Of_a_member_that_swells_only_the_beginning_is_unpacked()
    {
        var bomb = Octets.FromBytes(Zip(("a.bin", new string('\0', 60_000_000))));
        Assert.InRange(bomb.Length, 1, 200_000);
        var zip = new ZipMembers();
        var member = Assert.Single(ZipMembers.Open("a.zip", bomb)!);
        Assert.Equal(4 << 20, zip.Read(member)!.Length);
        Assert.Equal(ZipMembers.MaxUnpacked - (4 << 20), zip.Left);
    }

    [Fact]
    public void All_members_of_a_message_together_unpack_no_more_than_their_bound()
    {
        var swelling = new string('\0', 5_000_000);
        var bombs = Octets.FromBytes(Zip([.. Enumerable.Range(0, 20).Select(i => ($"{i}.bin", swelling))]));
        var zip = new ZipMembers();
        Assert.Equal(ZipMembers.MaxUnpacked, ZipMembers.Open("a.zip", bombs)!.Sum(m => (long)zip.Read(m)!.Length));
        Assert.Equal(0, zip.Left);
    }

    [Fact]
    public void An_archive_of_very_many_members_is_looked_at_up_to_a_bound()
    {
        var many = Octets.FromBytes(Zip([.. Enumerable.Range(0, 12_000).Select(i => ($"{i}", ""))]));
        Assert.Equal(10_000, ZipMembers.Open("a.zip", many)!.Count);
    }

    [Fact]
    public void No_more_members_are_opened_than_a_bound()
    {
        var many = Octets.FromBytes(Zip([.. Enumerable.Range(0, 2500).Select(i => ($"{i}.rels", "x"))]));
        var zip = new ZipMembers();
        Assert.Equal(2000, ZipMembers.Open("a.zip", many)!.Count(m => zip.Read(m) is not null));
    }

    [Fact]
    public void A_member_that_claims_another_length_than_it_has_is_read_as_it_is_or_not_at_all()
    {
        var claiming = Zip(("a.bin", "AutoOpen"));
        var directory = claiming.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        claiming.AsSpan(directory + 24, 4).Fill(0x7F);
        var members = ZipMembers.Open("a.zip", Octets.FromBytes(claiming));
        Assert.All(members ?? [], m => Assert.InRange(new ZipMembers().Read(m)?.Length ?? 0, 0, 8));
    }

    /// <summary>Attachments have a share of the budget: a small one that swells does not switch the other rules off.</summary>
    [Theory]
    [InlineData("report.docx")]
    [InlineData("report.pdf")]
    public void Attachment_that_takes_all_work_leaves_the_text_judged(string name)
    {
        var scan = ScanBeside(name, name.EndsWith("pdf", StringComparison.Ordinal) ? DearPdf() : SwellingDocument(), out var spent);
        Assert.Equal((name, false, true), (name, scan.IsUnjudged, scan.IsSpam));
        Assert.InRange(spent, 62, 100);
    }

    [Fact]
    public void Attachments_of_all_kinds_have_one_share()
    {
        Assert.True(ScanBeside("a.pdf", DearPdf(), out var spent, "a.docx", SwellingDocument()).IsSpam);
        Assert.InRange(spent, 62, 100);
    }

    private static byte[] DearPdf() =>
        Encoding.Latin1.GetBytes("%PDF-1.4\n/Image\n" + string.Concat(Enumerable.Repeat("/Author(x)/Title(x)\n", 60_000)));

    private static byte[] SwellingDocument() => Zip([.. Enumerable.Range(0, 16).Select(i => ($"a{i}.rels", new string('\0', 1 << 20)))]);

    private static ScanResult ScanBeside(
        string name, byte[] data, out double spent, string? secondName = null, byte[]? second = null)
    {
        static string Part(string name, byte[] data) =>
            $"--b\nContent-Type: application/octet-stream; name=\"{name}\"\nContent-Transfer-Encoding: base64\n\n"
            + $"{Convert.ToBase64String(data)}\n";

        var budget = new MessageBudget(TimeSpan.FromMilliseconds(250), static () => TimeSpan.Zero);
        var mail = $"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ngtube\n{Part(name, data)}"
            + (second is null ? "" : Part(secondName!, second)) + "--b--\n";
        var result = _scanner.ScanWhole(Encoding.ASCII.GetBytes(mail), learner: null, budget).Result;
        spent = budget.Spent.TotalMilliseconds;
        return result;
    }

    private static ScanResult Scan(string name, byte[] data) => _scanner.Scan(Encoding.ASCII.GetBytes(
        $"Subject: x\nContent-Type: application/octet-stream; name=\"{name}\"\nContent-Transfer-Encoding: base64\n\n"
        + $"{Convert.ToBase64String(data)}\n"));

    private static byte[] Zip(params (string Name, string Text)[] members)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in members)
            {
                using var writer = new StreamWriter(archive.CreateEntry(name).Open(), Encoding.Latin1);
                writer.Write(text);
            }
        }

        return stream.ToArray();
    }
}
