using System.Buffers;
using System.Text;
using Backstop.Protocols.Smtp;
using CsCheck;

namespace Backstop.Tests.Protocols;

/// <summary>Content on its way to the next server.</summary>
public sealed class DataWriterTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a\n", "a\r\n")]
    [InlineData("a", "a\r\n")]
    [InlineData(".\n", "..\r\n")]
    [InlineData("..a\n.b\nc.d\n", "...a\r\n..b\r\nc.d\r\n")]
    public void Doubles_dots_and_ends_lines(string content, string wire) =>
        Assert.Equal(wire, Encoding.Latin1.GetString(Write(content, [])));

    /// <summary>What is written and read again is the same, wherever either is cut, and the end is the end.</summary>
    [Fact]
    public void Reader_gets_back_what_was_written() =>
        Gen.Select(Gen.OneOf(".", "\n", "a", "..", ".\n").Array[0, 16], Gen.Int[0, 24].Array[0, 4], Gen.Int[0, 48].Array[0, 4]).Sample(
            (parts, cuts, readCuts) =>
            {
                var content = string.Concat(parts);
                var wire = Write(content, cuts);
                Assert.Equal(Write(content, []), wire);
                var sink = new Sink();
                var reader = new DataReader();
                var status = DataStatus.Incomplete;
                byte[] all = [.. wire, .. DataWriter.End.Span];
                foreach (var piece in Pieces(all, readCuts))
                {
                    Assert.Equal(DataStatus.Incomplete, status);
                    var input = new ReadOnlySequence<byte>(piece);
                    status = reader.ReadLines(ref input, sink);
                    Assert.True(input.IsEmpty);
                }

                Assert.Equal(DataStatus.Complete, status);
                Assert.Equal(content.Length == 0 || content.EndsWith('\n') ? content : content + "\n", sink.Text);
            });

    private static byte[] Write(string content, int[] cuts)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new DataWriter();
        foreach (var piece in Pieces(Encoding.Latin1.GetBytes(content), cuts))
        {
            writer.Write(piece, output);
        }

        writer.EndLine(output);
        return output.WrittenSpan.ToArray();
    }

    private static IEnumerable<byte[]> Pieces(byte[] all, int[] cuts)
    {
        var from = 0;
        foreach (var to in cuts.Where(c => c < all.Length).Order().Append(all.Length))
        {
            yield return all[from..to];
            from = to;
        }
    }

    private sealed class Sink : IContentSink
    {
        private readonly StringBuilder _text = new();

        public string Text => _text.ToString();

        public void Append(ReadOnlySpan<byte> content) => _text.Append(Encoding.Latin1.GetString(content));

        public void LineEnded(long length)
        {
        }
    }
}
