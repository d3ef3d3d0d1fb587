using System.Buffers;
using System.Text;
using Backstop.Protocols.Smtp;
using CsCheck;

namespace Backstop.Tests.Protocols;

/// <summary>What a server replies, read as a client.</summary>
public sealed class SmtpReplyReaderTests
{
    [Theory]
    [InlineData("250 ok\r\n", 250, "ok")]
    [InlineData("250-mx.example\r\n250-SIZE 100\r\n250 PIPELINING\r\n", 250, "mx.example|SIZE 100|PIPELINING")]
    [InlineData("250\r\n", 250, "")]
    [InlineData("354 go\n", 354, "go")]
    [InlineData("550 5.1.1 caf\u00C3\u00A9\r\n", 550, "5.1.1 caf\u00E9")]
    [InlineData("550 caf\u00E9\r\n", 550, "caf\u00E9")]
    public void Reads_a_reply(string octets, int code, string lines) => Assert.Equal($"{code} {lines}", Read(octets));

    [Theory]
    [InlineData("OK\r\n", "does not speak SMTP")]
    [InlineData("2x0 ok\r\n", "does not speak SMTP")]
    [InlineData("250-ok\r\n550 no\r\n", "answered 250 and 550 at once")]
    public void Reports_what_is_wrong_with_a_reply(string octets, string error) => Assert.Equal(error, Read(octets));

    [Theory]
    [InlineData("")]
    [InlineData("250")]
    [InlineData("250-ok\r\n")]
    [InlineData("250-ok\r\n250 o")]
    public void Waits_for_the_rest_of_a_reply(string octets) => Assert.Equal("waits", Read(octets));

    [Fact]
    public void Rejects_a_reply_that_does_not_end()
    {
        const string Error = "sent a reply that does not end";
        Assert.Equal(
            $"250 {new string('x', SmtpReplyReader.MaxLine - 5)}", Read($"250 {new string('x', SmtpReplyReader.MaxLine - 5)}\r\n"));
        Assert.Equal(Error, Read($"250 {new string('x', SmtpReplyReader.MaxLine)}\r\n"));
        Assert.Equal(Error, Read(new string('2', SmtpReplyReader.MaxLine + 1)));
        Assert.Equal(Error, Read(string.Concat(Enumerable.Repeat("250-x\r\n", SmtpReplyReader.MaxLines))));
        Assert.NotEqual(Error, Read($"{string.Concat(Enumerable.Repeat("250-x\r\n", SmtpReplyReader.MaxLines - 1))}250 x\r\n"));
    }

    [Fact]
    public void One_reply_after_another()
    {
        var reader = new SmtpReplyReader();
        var input = new ReadOnlySequence<byte>("250-a\r\n250 b\r\n354 c\r\n"u8.ToArray());
        Assert.True(reader.TryRead(ref input, out var code, out var lines, out _));
        Assert.Equal((250, 2), (code, lines.Count));
        Assert.True(reader.TryRead(ref input, out code, out lines, out _));
        Assert.Equal((354, 1), (code, lines.Count));
        Assert.True(input.IsEmpty);
    }

    /// <summary>Splitting the octets anywhere changes nothing.</summary>
    [Fact]
    public void Cuts_change_nothing() =>
        Gen.Select(Gen.OneOf("250", "354", "-", " ", "x", "\r\n", "\n", "\r").Array[0, 12], Gen.Int[0, 40].Array[0, 4]).Sample(
            (parts, cuts) => Assert.Equal(Read(string.Concat(parts)), Read(string.Concat(parts), cuts)));

    private static string Read(string octets, params int[] cuts)
    {
        var bytes = Encoding.Latin1.GetBytes(octets);
        var reader = new SmtpReplyReader();
        var kept = Array.Empty<byte>();
        var from = 0;
        foreach (var to in cuts.Select(c => Math.Min(c, bytes.Length)).Order().Append(bytes.Length))
        {
            var input = new ReadOnlySequence<byte>([.. kept, .. bytes[from..to]]);
            from = to;
            if (reader.TryRead(ref input, out var code, out var lines, out var error))
            {
                return error ?? $"{code} {string.Join('|', lines)}";
            }

            kept = input.ToArray();
        }

        return "waits";
    }
}
