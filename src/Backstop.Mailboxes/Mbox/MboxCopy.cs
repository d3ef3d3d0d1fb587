using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Mbox;

/// <summary>Receives octets and their offset.</summary>
internal delegate void MboxSink(ReadOnlySpan<byte> bytes, long at);

/// <summary>The state of a copy in the file that an earlier run began to write.</summary>
internal enum MboxCopyState
{
    /// <summary>It is complete, perhaps with later changes of a mail program.</summary>
    Whole,

    /// <summary>The file ends within it.</summary>
    TornAtEnd,

    /// <summary>Another message begins within it.</summary>
    Buried,
}

/// <summary>
/// Compares a copy in an mbox with its intended content. Its length alone tells nothing: another message may stand in
/// place of the missing rest.
/// </summary>
internal static class MboxCopy
{
    /// <summary>Returns the state of a copy.</summary>
    /// <param name="file">The mbox.</param>
    /// <param name="start">The offset of its separator.</param>
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

    // Such lines are quoted in bodies, so this is a separator.
    private static bool BeginsAnother(SafeFileHandle file, long at)
    {
        Span<byte> next = stackalloc byte[16];
        var read = RandomAccess.Read(file, next, at);
        return next[..read].TrimStart((byte)'\n').StartsWith("From "u8);
    }
}
