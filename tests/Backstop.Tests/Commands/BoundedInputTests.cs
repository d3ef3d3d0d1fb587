using System.Text;
using Backstop.Commands;
using Backstop.Mail;

namespace Backstop.Tests.Commands;

/// <summary>However much is written to stdin, memory holds no more than a verb needs.</summary>
public sealed class BoundedInputTests
{
    private const int Max = 1 << 20;

    [Fact]
    public void Header_is_kept_and_all_the_rest_is_read_and_dropped()
    {
        var header = Encoding.ASCII.GetBytes("From: me@example.org\nMessage-ID: <a@example.org>\n\n");
        using var input = new LongInput(header, 1L << 30);
        var start = BoundedInput.ReadStart(input, BoundedInput.MaxHeader);
        Assert.Equal(BoundedInput.MaxHeader, start.Length);
        Assert.Equal("a@example.org", SentHeader.Read(start).MessageId);
        Assert.Equal(1L << 30, input.Taken);
    }

    [Fact]
    public void Short_message_is_read_whole()
    {
        using var input = new LongInput("Subject: x\n\n"u8.ToArray(), 12);
        Assert.Equal("Subject: x\n\n"u8.ToArray(), BoundedInput.ReadWhole(input, Max, "the input on stdin", "read"));
    }

    [Fact]
    public void Message_of_the_limit_is_read_and_a_larger_one_refused()
    {
        using var largest = new LongInput([], Max);
        Assert.Equal(Max, BoundedInput.ReadWhole(largest, Max, "x", "read").Length);
        using var larger = new LongInput([], 1L << 40);
        var error = Assert.Throws<CommandException>(() => BoundedInput.ReadWhole(larger, Max, "the input on stdin", "signed"));
        Assert.Equal(
            (ExitCode.BadInput, "the input on stdin is larger than 1 MiB and is not signed"), (error.ExitCode, error.Message));
        Assert.InRange(larger.Taken, Max, 2 * Max);
    }

    /// <summary>A text, then as many zeros as make up a length.</summary>
    private sealed class LongInput(byte[] start, long length) : Stream
    {
        public long Taken { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - Taken);
            buffer.AsSpan(offset, read).Clear();
            if (Taken < start.Length)
            {
                start.AsSpan((int)Taken, (int)Math.Min(read, start.Length - Taken)).CopyTo(buffer.AsSpan(offset));
            }

            Taken += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
