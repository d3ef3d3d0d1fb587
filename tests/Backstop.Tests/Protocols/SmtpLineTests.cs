using System.Buffers;
using System.Text;
using Backstop.Protocols.Smtp;
using CsCheck;

namespace Backstop.Tests.Protocols;

public sealed class SmtpLineTests
{
    [Theory]
    [InlineData("EHLO mx\r\n", LineStatus.Complete)]
    [InlineData("EHLO mx", LineStatus.Incomplete)]
    [InlineData("EHLO mx\r", LineStatus.Incomplete)]
    [InlineData("EHLO mx\n", LineStatus.BareLineEnd)]
    [InlineData("EHLO\rmx\r\n", LineStatus.BareLineEnd)]
    [InlineData("\r\n", LineStatus.Complete)]
    [InlineData("", LineStatus.Incomplete)]
    public void Line_ends_only_at_crlf(string input, LineStatus expected) =>
        Assert.Equal(expected, Read(Encoding.ASCII.GetBytes(input), []).Status);

    [Theory]
    [InlineData(510, LineStatus.Complete)]
    [InlineData(511, LineStatus.TooLong)]
    public void Line_may_be_as_long_as_the_limit_with_its_crlf(int length, LineStatus expected) =>
        Assert.Equal(expected, Read(Encoding.ASCII.GetBytes(new string('a', length) + "\r\n"), []).Status);

    [Fact]
    public void Endless_line_is_refused_before_it_ends() =>
        Assert.Equal(LineStatus.TooLong, Read(new byte[600], []).Status);

    [Fact]
    public void How_the_bytes_arrive_never_changes_the_result() =>
        Gen.Select(Gen.OneOf((byte)'\r', (byte)'\n', (byte)'a', (byte)' ').Array[0, 16], Gen.Int[0, 16].Array[0, 3]).Sample(
            (input, cuts) => Assert.Equal(Read(input, []), Read(input, cuts)));

    private static (LineStatus Status, string Line) Read(byte[] input, int[] cuts)
    {
        var reader = new SequenceReader<byte>(Segments.Cut(input, cuts));
        var status = SmtpLine.TryRead(ref reader, out var line, SmtpLine.MinLimit);
        return (status, Encoding.ASCII.GetString(line));
    }
}
