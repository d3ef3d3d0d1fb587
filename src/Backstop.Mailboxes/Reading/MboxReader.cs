using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Reading;

/// <summary>Splits an mbox file into its messages, in one pass and without copying them.</summary>
/// <remarks>
/// A separator is a line that begins with <c>From </c>, at the start of the file or behind an empty line. The rule is
/// loose on purpose: if one message is read as two, both stay where they are; if two were read as one, the wrong one
/// could be moved.
/// </remarks>
public static class MboxReader
{
    private const int BlockSize = 1 << 20;

    // A separator may be split over two reads: up to its empty line (CR LF) in front, and "From ".
    private const int Overlap = 9;

    /// <summary>Reads the messages of a file that begins with a separator.</summary>
    /// <param name="file">The file; it is read from its start and not closed.</param>
    /// <param name="maxMessage">The most octets to return of one message.</param>
    public static IEnumerable<MboxMessage> Read(SafeFileHandle file, int maxMessage) => Read(file, maxMessage, BlockSize);

    /// <summary>Reads the messages of a file from an offset on.</summary>
    /// <param name="file">The file; it is not closed.</param>
    /// <param name="maxMessage">How much of one message is given.</param>
    /// <param name="from">The offset; the message that it lies in the middle of is not read.</param>
    internal static IEnumerable<MboxMessage> Read(SafeFileHandle file, int maxMessage, long from) =>
        Read(file, maxMessage, BlockSize, from);

    internal static IEnumerable<MboxMessage> Read(SafeFileHandle file, int maxMessage, int blockSize, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(file);

        // A separator at the offset itself is known by the empty line before it.
        var block = Block.Read(file, offset == 0 ? 0 : SkipToSeparator(file, Math.Max(0, offset - 3), blockSize), blockSize);
        var start = 0;
        var from = 0;
        while (true)
        {
            var next = FindSeparator(block.Filled, from);
            if (next >= 0)
            {
                yield return new(block.At + start, next - start, block.Bytes[start..next]);
                start = from = next;
            }
            else if (block.IsLast)
            {
                break;
            }
            else if (block.Bytes.Length - start <= maxMessage)
            {
                from = Math.Max(0, block.Bytes.Length - start - Overlap);
                block = block.From(start, Math.Max(blockSize, 2 * (block.Bytes.Length - start)));
                start = 0;
            }
            else
            {
                var end = SkipToSeparator(file, block.At + block.Bytes.Length - Overlap, blockSize);
                yield return new(block.At + start, end - block.At - start, block.Bytes.Slice(start, maxMessage));
                block = Block.Read(file, end, blockSize);
                start = from = 0;
            }
        }

        if (start < block.Bytes.Length)
        {
            yield return new(block.At + start, block.Bytes.Length - start, block.Bytes[start..]);
        }
    }

    // Returns the offset of the first separator that is not at the very start, or -1.
    private static int FindSeparator(ReadOnlySpan<byte> bytes, int from)
    {
        while (true)
        {
            var found = bytes[from..].IndexOf("\nFrom "u8);
            if (found < 0)
            {
                return -1;
            }

            var lf = from + found;
            if (bytes[..lf].EndsWith("\n"u8) || bytes[..lf].EndsWith("\n\r"u8))
            {
                return lf + 1;
            }

            from = lf + 1;
        }
    }

    // The next separator or the end of the file: the message is longer than the limit.
    private static long SkipToSeparator(SafeFileHandle file, long at, int blockSize)
    {
        while (true)
        {
            var block = Block.Read(file, at, blockSize);
            var next = FindSeparator(block.Filled, 0);
            if (next >= 0 || block.IsLast)
            {
                return at + (next >= 0 ? next : block.Bytes.Length);
            }

            at += block.Bytes.Length - Overlap;
        }
    }

    /// <summary>A block of the file.</summary>
    /// <param name="File">The open mbox.</param>
    /// <param name="At">The offset of its first octet.</param>
    /// <param name="Bytes">The octets. They stay valid when the next block is read.</param>
    /// <param name="IsLast">Whether the file ends with it.</param>
    private readonly record struct Block(SafeFileHandle File, long At, ReadOnlyMemory<byte> Bytes, bool IsLast)
    {
        public ReadOnlySpan<byte> Filled => Bytes.Span;

        public static Block Read(SafeFileHandle file, long at, int size) => Read(file, at, [], size);

        /// <summary>Returns a block that begins at an index of this one and continues behind it.</summary>
        public Block From(int start, int size) => Read(File, At + start, Filled[start..], size);

        private static Block Read(SafeFileHandle file, long at, ReadOnlySpan<byte> known, int size)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(size);
            known.CopyTo(bytes);
            var filled = known.Length;
            for (int read; filled < size && (read = RandomAccess.Read(file, bytes.AsSpan(filled), at + filled)) > 0;)
            {
                filled += read;
            }

            return new(file, at, bytes.AsMemory(0, filled), filled < size);
        }
    }
}
