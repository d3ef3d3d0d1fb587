using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>Replaces the end of mbox files in place, so that a crash in the middle can be gone over again.</summary>
/// <remarks>
/// In place, because others may hold the file open and wait for its lock: what they then append to a file that was renamed away is lost.
/// Invariant: what is to be written lies on the disk before the first octet of a mailbox changes.
/// </remarks>
internal static class MboxRewrite
{
    private const int CopySize = 1 << 20;

    /// <summary>Makes changes that are not in the log yet.</summary>
    /// <param name="run">Logs them.</param>
    /// <param name="edits">The changes; what they write is on the disk.</param>
    /// <param name="files">The locked file of each, in the same order.</param>
    /// <param name="before">What the log is told before them.</param>
    public static void Make(
        Run run, IReadOnlyList<MboxEdit> edits, IReadOnlyList<SafeFileHandle> files, params IEnumerable<RunEntry> before)
    {
        run.Append(before.Append(new MboxEdits(edits)));
        Carry(run, edits, files);
    }

    /// <summary>Goes over the changes again that a crash has interrupted.</summary>
    /// <param name="run">Whose log ends with them.</param>
    /// <param name="edits">The changes.</param>
    /// <param name="files">The locked file of each, in the same order.</param>
    public static void MakeAgain(Run run, IReadOnlyList<MboxEdit> edits, IReadOnlyList<SafeFileHandle> files)
    {
        var now = edits.Zip(files, (edit, file) => WithWhatCame(run, edit, file)).ToList();
        if (!now.SequenceEqual(edits))
        {
            run.Append(new MboxEdits(now));
        }

        Carry(run, now, files);
    }

    private static void Carry(Run run, IReadOnlyList<MboxEdit> edits, IReadOnlyList<SafeFileHandle> files)
    {
        // All of them into the page cache first: the time in which one file has changed and the other has not stays short.
        foreach (var (edit, file) in edits.Zip(files))
        {
            Write(run, edit, file);
        }

        foreach (var file in files)
        {
            RandomAccess.FlushToDisk(file);
        }

        run.Append(new MboxEdited());
    }

    private static void Write(Run run, MboxEdit edit, SafeFileHandle file)
    {
        // The size tells how far a crash let us come: see HasSize.
        if (edit.NewSize > edit.OldSize && RandomAccess.GetLength(file) < edit.NewSize)
        {
            RandomAccess.SetLength(file, edit.NewSize);
        }

        using var staged = File.OpenHandle(run.File(edit.Staged));
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(CopySize, Math.Max(1, edit.NewSize - edit.Keep)));
        for (long at = edit.Keep; at < edit.NewSize;)
        {
            var read = RandomAccess.Read(staged, buffer.AsSpan(0, (int)Math.Min(buffer.Length, edit.NewSize - at)), at - edit.Keep);
            if (read == 0)
            {
                throw new InvalidDataException($"{run.File(edit.Staged)}:1:1: shorter than it was");
            }

            RandomAccess.Write(file, buffer.AsSpan(0, read), at);
            at += read;
        }

        if (edit.NewSize < edit.OldSize)
        {
            RandomAccess.SetLength(file, edit.NewSize);
        }
    }

    // Between the crash and now others may have appended: behind the old end, or behind the new one. Their mail stays.
    private static MboxEdit WithWhatCame(Run run, MboxEdit edit, SafeFileHandle file)
    {
        var size = RandomAccess.GetLength(file);
        if (HasNewSize(run, edit, file, size))
        {
            return edit with { OldSize = edit.NewSize };
        }

        if (size <= edit.OldSize)
        {
            return edit;
        }

        using var staged = new StagedFile(run, "again");
        using var old = File.OpenHandle(run.File(edit.Staged));
        staged.Copy(old, 0, edit.NewSize - edit.Keep);
        staged.EndMessage();
        staged.Copy(file, edit.OldSize, size - edit.OldSize);
        staged.Sync();
        var newSize = edit.Keep + staged.Length;
        return edit with
        {
            OldSize = size,
            NewSize = newSize,
            OldCheck = newSize < size ? CheckOf(file, newSize, size) : 0,
            Staged = staged.Name
        };
    }

    // The size is given in one call, before the octets where the file grows and behind them where it shrinks.
    private static bool HasNewSize(Run run, MboxEdit edit, SafeFileHandle file, long size)
    {
        if (edit.NewSize <= edit.OldSize)
        {
            return size < edit.OldSize || CheckOf(file, edit.NewSize, edit.OldSize) != edit.OldCheck;
        }

        if (size < edit.NewSize)
        {
            return false;
        }

        // Made longer, the file held zeros, and then more and more of what was staged. Somebody else's message is neither.
        Span<byte> there = stackalloc byte[512];
        Span<byte> wanted = stackalloc byte[512];
        var length = (int)Math.Min(there.Length, edit.NewSize - edit.OldSize);
        using var staged = File.OpenHandle(run.File(edit.Staged));
        there = there[..RandomAccess.Read(file, there[..length], edit.OldSize)];
        wanted = wanted[..RandomAccess.Read(staged, wanted[..length], edit.OldSize - edit.Keep)];
        return !there[there.CommonPrefixLength(wanted)..].ContainsAnyExcept((byte)0);
    }

    /// <summary>CRC-32C of a range of a file.</summary>
    public static uint CheckOf(SafeFileHandle file, long at, long end)
    {
        var check = Crc32C.Start;
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(end - at, 1, CopySize));
        for (int read; at < end; at += read)
        {
            read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
            if (read == 0)
            {
                break;
            }

            check = Crc32C.Add(check, buffer.AsSpan(0, read));
        }

        return check;
    }
}
