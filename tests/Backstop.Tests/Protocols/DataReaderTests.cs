using System.Buffers;
using System.Text;
using Backstop.Protocols.Smtp;
using CsCheck;

namespace Backstop.Tests.Protocols;

/// <summary>The end of a message, and everything that only looks like one.</summary>
public sealed class DataReaderTests
{
    /// <summary>The smuggling matrix: what stands between the text and a command that must not be run.</summary>
    public static TheoryData<string, string> Smuggling => new()
    {
        { "LF . LF", "\n.\n" },
        { "LF . CRLF", "\n.\r\n" },
        { "CRLF . LF", "\r\n.\n" },
        { "CR . CR", "\r.\r" },
        { "CR . CRLF", "\r.\r\n" },
        { "CRLF . CR", "\r\n.\r" },
        { "LF LF . CRLF", "\n\n.\r\n" },
        { "CR CR LF . CRLF", "\r\r\n.\r\n" },
        { "LF CR . CR LF", "\n\r.\r\n" },
        { "CRLF . CR CR LF", "\r\n.\r\r\n" },
        { "CR LF . CR x LF", "\r\n.\rx\n" },
        { "LF CRLF . CRLF", "\n\r\n.\r\n" },
    };

    [Theory]
    [MemberData(nameof(Smuggling))]
    public void False_end_of_data_is_refused(string label, string end)
    {
        var (status, _, _) = Read(Encoding.Latin1.GetBytes($"text{end}MAIL FROM:<a@b.c>\r\n"), []);
        Assert.True(status == DataStatus.BareLineEnd, label);
    }

    [Theory]
    [InlineData("NUL before the dot", "text\r\n\0.\r\n")]
    [InlineData("NUL behind the dot", "text\r\n.\0\r\n")]
    [InlineData("space before the dot", "text\r\n .\r\n")]
    [InlineData("two dots", "text\r\n..\r\n")]
    public void Message_goes_on_after_lines_that_only_resemble_its_end(string label, string input)
    {
        var (status, _, left) = Read(Encoding.Latin1.GetBytes(input), []);
        Assert.True(status == DataStatus.Incomplete && left.Length == 0, label);
    }

    [Theory]
    [InlineData("a\r\nb\r\n.\r\n", "a\nb\n")]
    [InlineData(".\r\n", "")]
    [InlineData("..\r\n.\r\n", ".\n")]
    [InlineData("..a\r\n.b\r\n.\r\n", ".a\nb\n")]
    [InlineData("\r\n\r\n.\r\n", "\n\n")]
    public void Dots_are_unstuffed_and_line_ends_become_lf(string input, string expected)
    {
        var (status, content, _) = Read(Encoding.Latin1.GetBytes(input + "QUIT\r\n"), []);
        Assert.Equal(DataStatus.Complete, status);
        Assert.Equal(expected, content);
    }

    [Fact]
    public void What_follows_the_end_is_left()
    {
        var (_, _, left) = Read("a\r\n.\r\nQUIT\r\n"u8.ToArray(), [3, 4, 5]);
        Assert.Equal("QUIT\r\n", left);
    }

    [Fact]
    public void How_the_bytes_arrive_never_changes_the_result() =>
        Gen.Select(Gen.OneOf((byte)'\r', (byte)'\n', (byte)'.', (byte)'a').Array[0, 24], Gen.Int[0, 24].Array[0, 4]).Sample(
            (input, cuts) =>
            {
                var whole = Read(input, []);
                var cut = Read(input, cuts);
                Assert.Equal(whole.Status, cut.Status);

                // After a refusal the content no longer counts.
                if (whole.Status != DataStatus.BareLineEnd)
                {
                    Assert.Equal(whole, cut);
                }
            });

    [Fact]
    public void What_a_strict_client_stuffs_comes_out_as_it_went_in() =>
        Gen.OneOf("", ".", "..", "text", ".text", "From me").Array[0, 8].Sample(lines =>
        {
            var wire = string.Concat(lines.Select(l => (l.StartsWith('.') ? "." : "") + l + "\r\n")) + ".\r\n";
            Assert.Equal((DataStatus.Complete, string.Concat(lines.Select(l => l + "\n")), ""), Read(Encoding.ASCII.GetBytes(wire), []));
        });

    [Fact]
    public void Chunks_know_no_dots_but_the_same_line_ends()
    {
        var sink = new Sink();
        var reader = default(DataReader);
        Assert.Equal(DataStatus.Incomplete, reader.ReadChunk(new(".\r\n..a\r"u8.ToArray()), sink));
        Assert.Equal(DataStatus.Incomplete, reader.ReadChunk(new("\nlast"u8.ToArray()), sink));
        Assert.Equal(DataStatus.Complete, reader.EndChunks(sink));
        Assert.Equal(".\n..a\nlast\n", sink.ToString());
        Assert.Equal(DataStatus.BareLineEnd, reader.ReadChunk(new("a\nb"u8.ToArray()), sink));
    }

    private static (DataStatus Status, string Content, string Left) Read(byte[] input, int[] cuts)
    {
        var sink = new Sink();
        var reader = default(DataReader);
        var status = DataStatus.Incomplete;
        var left = Segments.Cut(input, cuts);

        // Each segment as a read of its own, as a connection delivers it.
        var pending = new List<byte>();
        foreach (var piece in left)
        {
            if (status != DataStatus.Incomplete)
            {
                pending.AddRange(piece.Span);
                continue;
            }

            var sequence = new ReadOnlySequence<byte>(piece);
            status = reader.ReadLines(ref sequence, sink);
            pending.AddRange(sequence.ToArray());
        }

        return (status, sink.ToString(), Encoding.Latin1.GetString(pending.ToArray()));
    }

    private sealed class Sink : IContentSink
    {
        private readonly StringBuilder _content = new();

        public void Append(ReadOnlySpan<byte> content) => _content.Append(Encoding.Latin1.GetString(content));

        public void LineEnded(long length) => Assert.True(length >= 0);

        public override string ToString() => _content.ToString();
    }
}
