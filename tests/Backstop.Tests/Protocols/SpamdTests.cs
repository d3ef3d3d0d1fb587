using System.Buffers;
using System.Text;
using Backstop.Protocols.Spamd;
using CsCheck;

namespace Backstop.Tests.Protocols;

/// <summary>The forms below were recorded from spamd 4.0.1.</summary>
public class SpamdTests
{
    private static readonly SpamdScore _spam = new(true, "19.4", "5.0");

    /// <summary>What we write as a server, we read as a client.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Client_reads_what_the_server_writes(bool isSpam)
    {
        var head = new SequenceReader<byte>(new(SpamdReplyReader.FormatHeaders(42)));
        Assert.True(SpamdHead.TryRead(ref head, atEnd: false, out var request, out var wrong), wrong);
        Assert.Equal((SpamdVerb.Headers, 42L), (request!.Verb, request.ContentLength));
        var reply = SpamdReply.Message(request, new(isSpam, "1.0", "5.0"), "X-Spam-Flag: x\n\n"u8.ToArray());
        var said = SpamdReplyReader.Read(reply, out var error);
        Assert.Null(error);
        Assert.Equal(isSpam, said!.Value.IsSpam);
        Assert.Equal("X-Spam-Flag: x\n\n", Encoding.Latin1.GetString(reply.AsSpan(said.Value.BodyAt)));
        Assert.Null(SpamdReplyReader.Read(reply.AsSpan(0, reply.Length - 1), out error));
        Assert.Equal("sent 15 of 16 octets", error);
    }

    /// <summary>No octets of a server elsewhere do anything else than be read or not.</summary>
    [Fact]
    public void Any_reply_gives_an_answer() =>
        Gen.OneOf("SPAMD/1.1", " ", "0", "EX_OK", "\r\n", "Spam:", "True", "Content-length:", "9", "x", "-").Array[0, 16].Sample(parts =>
            Assert.Equal(SpamdReplyReader.Read(Encoding.Latin1.GetBytes(string.Concat(parts)), out var error) is null, error is not null));

    [Theory]
    [InlineData("CHECK SPAMC/1.5\r\nContent-length: 12\r\nUser: jo\r\n\r\n", SpamdVerb.Check, 15, 12L, "jo")]
    [InlineData("REPORT_IFSPAM SPAMC/1.2\nContent-Length:7\n\n", SpamdVerb.ReportIfSpam, 12, 7L, "")]
    [InlineData("PROCESS SPAMC/1.0\r\n", SpamdVerb.Process, 10, null, "")]
    [InlineData("PING SPAMC/1.2\r\n", SpamdVerb.Ping, 12, null, "")]
    [InlineData("PING SPAMC/1.5\r\n\r\n", SpamdVerb.Ping, 15, null, "")]
    [InlineData("SYMBOLS SPAMC/1.3\r\nX-Unknown: 1\r\n\r\n", SpamdVerb.Symbols, 13, null, "")]
    public void AHeadIsRead(string text, SpamdVerb verb, int version, long? length, string user)
    {
        var (request, error, left) = Read(text + "body", atEnd: true);
        Assert.Null(error);
        Assert.Equal((verb, version, length, user), (request!.Verb, request.Version, request.ContentLength, request.User));
        Assert.Equal("body".Length, left);
    }

    [Theory]
    [InlineData("FOO SPAMC/1.5\r\n\r\n", "FOO SPAMC/1.5")]
    [InlineData("check SPAMC/1.5\r\n\r\n", "check SPAMC/1.5")]
    [InlineData("CHECK\r\n", "CHECK")]
    [InlineData("", "(closed before headers)")]
    [InlineData("CHECK SPAMC/1.5", "(EOF during headers)")]
    [InlineData("CHECK SPAM", "CHECK SPAM")]
    [InlineData("CHECK SPAMC/1.5\r\nUser: x\r\n", "(EOF during headers)")]
    [InlineData("CHECK SPAMC/1.5\r\nnonsense\r\n\r\n", "(header not in 'Name: value' format)")]
    [InlineData("CHECK SPAMC/1.5\r\nContent-length: 1x\r\n\r\n", "(Content-Length contains non-numeric bytes)")]
    [InlineData("CHECK SPAMC/1.5\r\nContent-length: 99999999999999999999\r\n\r\n", "(Content-Length contains non-numeric bytes)")]
    [InlineData("CHECK SPAMC/1.5\r\nUser: a\x1b[2J\r\n\r\n", "(User header contains control chars)")]
    [InlineData("CHECK SPAMC/1.5\r\nCompress: lzma\r\n\r\n", "(compression type not supported: lzma)")]
    [InlineData("TELL SPAMC/1.5\r\nMessage-class: eggs\r\n\r\n", "(Message-class header contains invalid class)")]
    public void AWrongHeadIsNamedAsSpamdDoes(string text, string error) => Assert.Equal(error, Read(text, atEnd: true).Error);

    [Fact]
    public void TellSaysWhatToDo()
    {
        var request = Read(
            "TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local, remote\r\nRemove: remote\r\nCompress: "
                + "zlib\r\n\r\n", atEnd: false).Request!;
        Assert.Equal(("spam", true, false, true), (request.MessageClass, request.SetLocal, request.RemoveLocal, request.IsCompressed));
    }

    [Fact]
    public void AHeadWithoutEndTakesBoundedRoom()
    {
        Assert.Equal("(line too long)", Read(new string('A', SpamdHead.MaxLength + 1), atEnd: false).Error);
        Assert.Equal(
            "(too many headers)", Read("CHECK SPAMC/1.5\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 300)), atEnd: false).Error);
    }

    [Fact]
    public void WhereverTheHeadIsCutItIsReadTheSame()
    {
        var line = Gen.OneOf(
            Gen.Const("Content-length: 5"), Gen.Const("User: jo"), Gen.Const("Set: local"), Gen.Const("bad"),
            Gen.String[Gen.Char[' ', '~'], 0, 20]);
        Gen.Select(
            Gen.OneOf(Gen.Const("CHECK SPAMC/1.5"), Gen.Const("TELL SPAMC/1.4"), Gen.Const("PING SPAMC/1.5"), Gen.Const("X")),
            line.List[0, 5], Gen.Int[0, 200]).Sample((first, lines, cut) =>
        {
            var text = string.Concat(lines.Prepend(first).Select(l => l + "\r\n")) + "\r\n";
            var whole = Read(text, atEnd: false);
            var part = Read(text[..Math.Min(cut, text.Length)], atEnd: false);
            Assert.True((part.Request is null && part.Error is null) || (Equals(part.Request, whole.Request) && part.Error == whole.Error));
        });
    }

    [Theory]
    [InlineData(SpamdVerb.Symbols, 15, "SPAMD/1.1 0 EX_OK\r\nContent-length: 3\r\nSpam: True ; 19.4 / 5.0\r\n\r\nA,B")]
    [InlineData(SpamdVerb.Symbols, 12, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 19.4 / 5.0\r\n\r\nA,B\r\n")]
    [InlineData(SpamdVerb.ReportIfSpam, 15, "SPAMD/1.1 0 EX_OK\r\nContent-length: 3\r\nSpam: Yes ; 19.4 / 5.0\r\n\r\nA,B")]
    public void TextsAreRepliedAsSpamdDoes(SpamdVerb verb, int version, string expected) =>
        Assert.Equal(expected, Encoding.Latin1.GetString(SpamdReply.Text(new(verb, version), _spam, "A,B"u8.ToArray())));

    [Theory]
    [InlineData(15, "SPAMD/1.1 0 EX_OK\r\nContent-length: 3\r\nSpam: True ; 19.4 / 5.0\r\n\r\nA,B")]
    [InlineData(12, "SPAMD/1.1 0 EX_OK\r\nContent-length: 3\r\n\r\nA,B")]
    [InlineData(10, "SPAMD/1.0 0 EX_OK\r\nA,B")]
    public void MessagesAreRepliedAsSpamdDoes(int version, string expected) =>
        Assert.Equal(expected, Encoding.Latin1.GetString(SpamdReply.Message(new(SpamdVerb.Process, version), _spam, "A,B"u8.ToArray())));

    private static (SpamdRequest? Request, string? Error, long Left) Read(string text, bool atEnd)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(text)));
        var isDone = SpamdHead.TryRead(ref reader, atEnd, out var request, out var error);
        Assert.Equal(isDone, request is not null || error is not null);
        return (request, error, reader.Remaining);
    }
}
