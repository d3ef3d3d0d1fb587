using System.Text;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Mail;

/// <summary>One scan of the header for all who read a message, and one walk over its parts.</summary>
public sealed class MailMessageTests
{
    private const string Multipart = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: "
        + "text/html\n\ntwo\n--b--\n";

    [Fact]
    public void Parts_are_found_once_and_only_when_asked_for()
    {
        var octets = Encoding.ASCII.GetBytes(Multipart);
        var message = new MailMessage(octets);

        // What lies in the octets when they are first asked for is found: they were not looked at before.
        octets.AsSpan().Replace((byte)'h', (byte)'H');
        Assert.Equal(["multipart/mixed", "text/plain", "text/html"], message.Parts.Select(p => p.Type.MediaType));
        octets.AsSpan().Clear();
        Assert.Equal(["multipart/mixed", "text/plain", "text/html"], message.Parts.Select(p => p.Type.MediaType));
        Assert.Same(message.Parts, message.StrictParts);
    }

    [Theory]
    [InlineData("From: a\nTo: b\n\nbody")]
    [InlineData("From: a\ntext\n\nTo: b\n")]
    [InlineData("body without any header")]
    [InlineData("")]
    public void Header_that_is_not_read_on_has_one_list_for_all(string text)
    {
        var message = new MailMessage(Encoding.ASCII.GetBytes(text));
        Assert.Same(message.Fields, message.StrictFields);
        Assert.Equal(message.BodyStart, message.StrictBodyStart);
        Assert.Same(message.Parts, message.StrictParts);
    }

    /// <summary>Who counts and renames fields must see them as mail servers do, and who tells what a message is reads on.</summary>
    [Theory]
    [InlineData(
        "From: a\nbroken\nContent-Type: text/html\n\nbody", "From=abroken|Content-Type=text/html", "From=a", "text/html", "text/plain")]
    [InlineData("\nFrom: a\nContent-Type: text/html\n\nbody", "From=a|Content-Type=text/html", "", "text/html", "text/plain")]
    [InlineData(
        "\u00EF\u00BB\u00BFFrom: a\nContent-Type: text/html\n\nbody", "From=a|Content-Type=text/html", "", "text/html", "text/plain")]
    public void Damaged_header_is_read_both_ways(string text, string fields, string strict, string type, string strictType)
    {
        var message = new MailMessage(Encoding.Latin1.GetBytes(text));
        Assert.NotNull(message.Damage);
        Assert.Equal((fields, strict), (Describe(message, message.Fields), Describe(message, message.StrictFields)));
        Assert.Equal((type, strictType), (message.Parts[0].Type.MediaType, message.StrictParts[0].Type.MediaType));
        Assert.Same(message.StrictParts, message.StrictParts);
    }

    [Fact]
    public void Any_octets_are_read_as_both_scans_read_them() =>
        Gen.Select(
            Gen.OneOf("", "", "\n", "\r\n\n", "\u00EF\u00BB\u00BF", "From x\n", ">From x\n", "\u00EF\u00BB\u00BF\n"),
            Gen.OneOf(
                "To: a\n", "a: b\r\n", "\n", "broken\n", " fold\n", "From: c\n", ":\n", "To", "X-Backstop: y\n", "From x\n").Array[0, 12])
        .Sample((start, lines) =>
        {
            var octets = Encoding.Latin1.GetBytes(start + string.Concat(lines));
            var (tolerant, strict) = (new List<HeaderField>(), new List<HeaderField>());
            var body = HeaderScan.ScanDamaged(octets, tolerant, out var damage);
            var strictBody = HeaderScan.Scan(octets, strict);
            var message = new MailMessage(octets);
            Assert.Equal((body, strictBody, damage), (message.BodyStart, message.StrictBodyStart, message.Damage));
            Assert.Equal(tolerant, message.Fields);
            Assert.Equal(strict, message.StrictFields);
        });

    [Fact]
    public void Renamed_field_is_found_under_its_new_name()
    {
        var octets = "To: a\nX-Backstop: deliver\n\nbody"u8.ToArray();
        var message = new MailMessage(octets);
        octets[message.Fields[1].NameStart] = (byte)'Y';
        Assert.Null(message.Fields.Find(octets, "X-Backstop"u8));
        Assert.Equal("deliver", message.Fields.Text(octets, "Y-Backstop"u8));
    }

    private static string Describe(MailMessage message, List<HeaderField> fields) =>
        string.Join('|', fields.Select(f => $"{Encoding.ASCII.GetString(f.Name(message.Octets.Span))}={f.Body(message.Octets.Span)}"));
}
