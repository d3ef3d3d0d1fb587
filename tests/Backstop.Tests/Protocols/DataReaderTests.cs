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

    /// <summary>
    /// The same matrix where lone LFs are normalized: what has no lone CR either goes on as the text that a server reads that knows
    /// only CRLF. The command behind it stays text.
    /// </summary>
    [Theory]
    [MemberData(nameof(Smuggling))]
    public void False_end_of_data_ends_nothing_where_bare_lf_is_normalized(string label, string end)
    {
        var input = $"text{end}MAIL FROM:<a@b.c>\r\n";
        var (status, content, left) = Read(Encoding.Latin1.GetBytes(input), [], normalizes: true);
        if (HasBareCr(input))
        {
            Assert.True(status == DataStatus.BareLineEnd, label);
            return;
        }

        // One row has the true end in it, which ends the message for everybody.
        var strict = StrictReading(input);
        Assert.True(status == (strict.IsWhole ? DataStatus.Complete : DataStatus.Incomplete), label);
        Assert.Equal((strict.Content, strict.Left), (content, left));
        Assert.Equal(end.Contains("\r\n.\r\n", StringComparison.Ordinal), strict.IsWhole);
    }

    [Theory]
    [InlineData("a\nb\r\n.\r\n", "a\nb\n")]
    [InlineData("a\n\r\n.\r\n", "a\n\n")]
    [InlineData("\n\n.\r\n.\r\n", "\n\n.\n")]
    [InlineData("a\n..b\r\n.\r\n", "a\n..b\n")]
    [InlineData("a\r\n..b\n..c\r\n.\r\n", "a\n.b\n..c\n")]
    [InlineData("a\r\n.\nb\r\n.\r\n", "a\n\nb\n")]
    public void Bare_lf_ends_a_line_where_it_is_normalized(string input, string expected) =>
        Assert.Equal((DataStatus.Complete, expected, "QUIT\r\n"), Read(Encoding.Latin1.GetBytes(input + "QUIT\r\n"), [], normalizes: true));

    /// <summary>Any octets, cut anywhere: the message ends where a server sees its end that knows only CRLF, with what it sees.</summary>
    [Fact]
    public void Normalized_message_is_what_a_strict_server_reads() =>
        Gen.Select(Gen.OneOf("\r\n", "\n", ".", "a", "\r\n.\r\n", "\n.\r\n").Array[0, 16], Gen.Int[0, 24].Array[0, 4]).Sample(
            (pieces, cuts) =>
            {
                var input = string.Concat(pieces);
                var (isWhole, content, left) = StrictReading(input);
                var read = Read(Encoding.Latin1.GetBytes(input), cuts, normalizes: true);
                Assert.Equal(isWhole ? DataStatus.Complete : DataStatus.Incomplete, read.Status);
                Assert.Equal(left, read.Left);
                if (isWhole)
                {
                    Assert.Equal(content, read.Content);
                }
            });

    [Fact]
    public void Chunks_keep_normalized_lines_and_get_no_line_more()
    {
        var sink = new Sink();
        var reader = new DataReader(normalizesBareLf: true);
        Assert.Equal(DataStatus.Incomplete, reader.ReadChunk(new("a\n.\nb"u8.ToArray()), sink));
        Assert.Equal(DataStatus.Incomplete, reader.ReadChunk(new("\n"u8.ToArray()), sink));
        Assert.Equal(DataStatus.Complete, reader.EndChunks(sink));
        Assert.Equal("a\n.\nb\n", sink.ToString());
        Assert.Equal(DataStatus.BareLineEnd, reader.ReadChunk(new("a\rb"u8.ToArray()), sink));
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

    private static bool HasBareCr(string text) =>
        text.Replace("\r\n", "", StringComparison.Ordinal).Contains('\r', StringComparison.Ordinal);

    // Another way to read: lines are what CRLF separates; a dot before a line goes; one alone ends. Then LFs are line ends as well.
    private static (bool IsWhole, string Content, string Left) StrictReading(string input)
    {
        var lines = new StringBuilder();
        while (input.IndexOf("\r\n", StringComparison.Ordinal) is var end && end >= 0)
        {
            var line = input[..end];
            input = input[(end + 2)..];
            if (line == ".")
            {
                return (true, lines.ToString(), input);
            }

            lines.Append(line.StartsWith('.') ? line[1..] : line).Append('\n');
        }

        return (false, lines.ToString(), "");
    }

    private static (DataStatus Status, string Content, string Left) Read(byte[] input, int[] cuts, bool normalizes = false)
    {
        var sink = new Sink();
        var reader = new DataReader(normalizes);
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
