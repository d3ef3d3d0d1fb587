using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Mbox;

/// <summary>Takes octets that belong at an offset.</summary>
internal delegate void MboxSink(ReadOnlySpan<byte> bytes, long at);

/// <summary>What is in the file of a copy that an earlier run began.</summary>
internal enum MboxCopyState
{
    /// <summary>All of it, or what a mail program has made of all of it.</summary>
    Whole,

    /// <summary>The file ends in the middle of it.</summary>
    TornAtEnd,

    /// <summary>Another message begins in the middle of it.</summary>
    Buried,
}

/// <summary>
/// Compares a copy in an mbox with what it should be. Length alone cannot tell: another message may stand where the rest should.
/// </summary>
internal static class MboxCopy
{
    /// <summary>Compares.</summary>
    /// <param name="file">The mbox.</param>
    /// <param name="start">Where the copy's separator stands.</param>
    /// <param name="write">Writes the whole copy to a sink.</param>
    public static MboxCopyState StateOf(SafeFileHandle file, long start, Action<MboxSink> write)
    {
        var same = start;
        var end = start;
        write((bytes, at) =>
        {
            if (same == at)
            {
                var there = new byte[bytes.Length];
                var read = RandomAccess.Read(file, there, at);
                same += bytes.CommonPrefixLength(there.AsSpan(0, read));
            }

            end = at + bytes.Length;
        });
        return same == end ? MboxCopyState.Whole
            : same == RandomAccess.GetLength(file) ? MboxCopyState.TornAtEnd
            : same < end - 1 && BeginsAnother(file, same) ? MboxCopyState.Buried
            : MboxCopyState.Whole;
    }

    // Bodies quote such a line, so only a separator looks like one.
    private static bool BeginsAnother(SafeFileHandle file, long at)
    {
        Span<byte> next = stackalloc byte[16];
        var read = RandomAccess.Read(file, next, at);
        return next[..read].TrimStart((byte)'\n').StartsWith("From "u8);
    }
}
