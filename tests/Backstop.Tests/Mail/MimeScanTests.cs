using System.Text;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Mail;

public sealed class MimeScanTests
{
    [Fact]
    public void Parts_are_found_with_their_depth()
    {
        var message = """
            Content-Type: multipart/mixed; boundary="out"

            preamble
            --out
            Content-Type: multipart/alternative; boundary=in

            --in

            plain
            --in
            Content-Type: text/html

            <p>
            --in--
            --out
            Content-Type: message/rfc822

            Subject: inside
            --out--
            epilogue
            """;
        Assert.Equal("0 multipart/mixed|1 multipart/alternative|2 text/plain|2 text/html|1 message/rfc822", Describe(message));
    }

    [Fact]
    public void Part_cut_off_in_the_middle_is_still_a_part() =>
        Assert.Equal("0 multipart/report|1 text/plain", Describe("Content-Type: multipart/report; boundary=b\n\n--b\n\ncut o"));

    [Fact]
    public void Nesting_has_an_end()
    {
        var message = string.Concat(Enumerable.Range(0, 1000).Select(i => $"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"));
        var parts = Parts(Encoding.ASCII.GetBytes(message));
        Assert.True(parts.Count <= MimeScan.MaxParts && parts.Max(p => p.Depth) <= MimeScan.MaxDepth);
    }

    [Fact]
    public void Number_of_parts_has_an_end()
    {
        var message = "Content-Type: multipart/mixed; boundary=b\n\n" + string.Concat(Enumerable.Repeat("--b\n\nx\n", 10_000));
        Assert.Equal(MimeScan.MaxParts, Parts(Encoding.ASCII.GetBytes(message)).Count);
    }

    [Fact]
    public void Any_bytes_give_parts_within_their_bounds() =>
        Gen.OneOf(
            "--b\n", "--b--\n", "\n", "Content-Type: multipart/mixed; "
                + "boundary=b\n", "x: y\n", "text\n", "\r\n", "--").Array[0, 30].Sample(lines =>
        {
            var bytes = Encoding.ASCII.GetBytes("Content-Type: multipart/mixed; boundary=b\n" + string.Concat(lines));
            foreach (var part in Parts(bytes))
            {
                Assert.True(part.HeaderStart <= part.BodyStart && part.BodyStart <= part.BodyEnd && part.BodyEnd <= bytes.Length);
                _ = PartText.Read(bytes, part, 1000);
            }
        });

    [Theory]
    [InlineData("multipart/report; report-type=Delivery-Status;\n boundary=\"a;b\"", "multipart/report", "a;b", "delivery-status")]
    [InlineData("Text/Plain; CHARSET=UTF-8", "text/plain", null, null)]
    [InlineData("nonsense", "text/plain", null, null)]
    [InlineData("multipart/mixed; boundary=\"cut", "multipart/mixed", "cut", null)]
    public void Content_type_is_read(string body, string type, string? boundary, string? report)
    {
        var read = ContentType.Parse(body.Replace("\n", "", StringComparison.Ordinal));
        Assert.Equal((type, boundary, report), (read.MediaType, read.Boundary, read.ReportType));
    }

    private static string Describe(string message) =>
        string.Join('|', Parts(Encoding.ASCII.GetBytes(message)).Select(p => $"{p.Depth} {p.Type.MediaType}"));

    private static IReadOnlyList<MimePart> Parts(byte[] message)
    {
        var fields = new List<HeaderField>();
        return MimeScan.Scan(message, fields, HeaderScan.Scan(message, fields));
    }
}
