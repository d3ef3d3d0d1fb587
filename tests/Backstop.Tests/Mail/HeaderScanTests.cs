using System.Text;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Mail;

public sealed class HeaderScanTests
{
    [Theory]
    [InlineData("A: 1\nB: 2\n\nbody", "A=1|B=2", "body")]
    [InlineData("A: 1\r\nB: 2\r\n\r\nbody", "A=1|B=2", "body")]
    [InlineData("From me Tue\nA: 1\n\nbody", "A=1", "body")]
    [InlineData("A: one\n two\n\tthree\nB:\n\nbody", "A=one two\tthree|B=", "body")]
    [InlineData("A : old style\n\nbody", "A=old style", "body")]
    [InlineData("A: 1\nno field here\nB: 2\n", "A=1", "no field here\nB: 2\n")]
    [InlineData("\nbody", "", "body")]
    [InlineData("body without any header", "", "body without any header")]
    [InlineData("A: cut off", "A=cut off", "")]
    public void Fields_are_found(string message, string fields, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        var found = new List<HeaderField>();
        var start = HeaderScan.Scan(bytes, found);
        Assert.Equal(fields, string.Join('|', found.Select(f => $"{Encoding.ASCII.GetString(f.Name(bytes))}={f.Body(bytes)}")));
        Assert.Equal(body, Encoding.UTF8.GetString(bytes[start..]));
    }

    [Fact]
    public void Any_bytes_are_scanned_within_their_bounds() =>
        Gen.OneOf(Gen.Byte, Gen.OneOf((byte)'\n', (byte)'\r', (byte)':', (byte)' ', (byte)'a')).Array[0, 200].Sample(bytes =>
        {
            var fields = new List<HeaderField>();
            var body = HeaderScan.Scan(bytes, fields);
            Assert.InRange(body, 0, bytes.Length);
            foreach (var field in fields)
            {
                Assert.NotEqual(0, field.Name(bytes).Length);
                _ = field.Body(bytes);
            }
        });

    [Theory]
    [InlineData("From: a\nTo: b\n\nbody", "From=a|To=b", "body", 0, false)]
    [InlineData("\u00EF\u00BB\u00BFFrom: a\nTo: b\n\nbody", "From=a|To=b", "body", 1, false)]
    [InlineData("\nFrom: a\nTo: b\n\nbody", "From=a|To=b", "body", 1, false)]
    [InlineData("\r\n\r\nFrom: a\r\n\r\nbody", "From=a", "body", 1, false)]
    [InlineData("\n\n\n\nFrom: a\n\nbody", "", "\n\n\nFrom: a\n\nbody", 0, false)]
    [InlineData("\nHello\nFrom: a\n\nbody", "", "Hello\nFrom: a\n\nbody", 0, false)]
    [InlineData("A: 1\nbroken\nTo: b\n\nbody", "A=1broken|To=b", "body", 2, false)]
    [InlineData("A: 1\nbroken\n so\nTo: b\n\nbody", "A=1broken so|To=b", "body", 2, false)]
    [InlineData("A: 1\nbroken\nTo: b\nagain\nFrom: c\n\nbody", "A=1broken|To=bagain|From=c", "body", 2, false)]
    [InlineData("A: 1\ntext\nmore text: with a colon\n\nTo: b\n", "A=1", "text\nmore text: with a colon\n\nTo: b\n", 2, true)]
    [InlineData("A: 1\ntext", "A=1", "text", 2, true)]
    [InlineData("A: 1\nbroken\nTo: b\ntext and no field\n\nbody", "A=1broken|To=b", "text and no field\n\nbody", 4, true)]
    [InlineData("\u00EF\u00BB\u00BFFrom: a\ntext", "From=a", "text", 2, true)]
    [InlineData("broken\nFrom: a\nTo: b\n\nbody", "From=a|To=b", "body", 1, false)]
    [InlineData("From x@y Mon\nbroken\nFrom: a\n\nbody", "From=a", "body", 2, false)]
    [InlineData("broken\nand no field\n\nFrom: a\n", "", "broken\nand no field\n\nFrom: a\n", 0, false)]
    [InlineData("body without any header", "", "body without any header", 0, false)]
    public void A_damaged_header_is_read_on(string message, string fields, string body, int line, bool isCut)
    {
        var bytes = Encoding.Latin1.GetBytes(message);
        var found = new List<HeaderField>();
        var start = HeaderScan.ScanDamaged(bytes, found, out var damage);
        Assert.Equal(fields, string.Join('|', found.Select(f => $"{Encoding.ASCII.GetString(f.Name(bytes))}={f.Body(bytes)}")));
        Assert.Equal(body, Encoding.Latin1.GetString(bytes[start..]));
        Assert.Equal(line == 0 ? null : new HeaderDamage(line, isCut), damage);
    }

    /// <summary>What is sound is read as <see cref="HeaderScan.Scan"/> reads it, and no octets lead outside the message.</summary>
    [Fact]
    public void Damaged_octets_are_scanned_within_their_bounds() =>
        Gen.OneOf(Gen.Byte, Gen.OneOf((byte)'\n', (byte)'\r', (byte)':', (byte)' ', (byte)'T', (byte)'o')).Array[0, 200].Sample(bytes =>
        {
            var plain = new List<HeaderField>();
            var fields = new List<HeaderField>();
            var end = HeaderScan.Scan(bytes, plain);
            var body = HeaderScan.ScanDamaged(bytes, fields, out var damage);
            Assert.InRange(body, 0, bytes.Length);
            Assert.True(damage is not null || (body == end && fields.SequenceEqual(plain)));
            foreach (var field in fields)
            {
                _ = field.Body(bytes);
            }
        });

    [Theory]
    [InlineData("A Person <a@b.example>", "a@b.example")]
    [InlineData("a@b.example (A Person)", "a@b.example")]
    [InlineData("\"x@y\" <a@b.example>", "a@b.example")]
    [InlineData("undisclosed", null)]
    [InlineData("\"Courier\" <@>", "@")]
    public void First_address_is_found(string body, string? address) => Assert.Equal(address, HeaderText.FirstAddress(body));
}
