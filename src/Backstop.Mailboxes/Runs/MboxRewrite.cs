using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>
/// Replaces the end of mbox files in place, in such a way that a change interrupted by a crash can be repeated.
/// </summary>
/// <remarks>
/// In place, because other programs may hold the file open and wait for its lock: mail that they append to a renamed
/// file is lost. Invariant: everything to write is on the disk before the first octet of a mailbox changes.
/// </remarks>
internal static class MboxRewrite
{
    private const int CopySize = 1 << 20;

    /// <summary>Makes changes that are not in the log yet.</summary>
    /// <param name="run">The run that logs them.</param>
    /// <param name="edits">The changes; their staged files are on the disk.</param>
    /// <param name="files">The locked file of each, in the same order.</param>
    /// <param name="before">The log entries to write before them.</param>
    public static void Make(
        Run run, IReadOnlyList<MboxEdit> edits, IReadOnlyList<SafeFileHandle> files, params IEnumerable<RunEntry> before)
    {
        run.Append(before.Append(new MboxEdits(edits)));
        Carry(run, edits, files);
    }

    /// <summary>Repeats the changes that a crash interrupted.</summary>
    /// <param name="run">The run whose log ends with them.</param>
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
        // Read all of them into the page cache first, to shorten the time in which one file has changed and the other
        // has not.
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
        // The size tells how far the change got before the crash: see HasSize.
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
                throw new InvalidDataException($"{run.File(edit.Staged)}:1:1: the file has become shorter; the change cannot be completed");
            }

            RandomAccess.Write(file, buffer.AsSpan(0, read), at);
            at += read;
        }

        if (edit.NewSize < edit.OldSize)
        {
            RandomAccess.SetLength(file, edit.NewSize);
        }
    }

    // Since the crash other programs may have appended mail behind the old end or behind the new one. It is kept.
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

    // The size is set in one call: before the octets are written if the file grows, after that if it shrinks.
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

        // A file that was made longer contains zeros, then more and more of the staged octets. Another program's
        // message is neither.
        Span<byte> there = stackalloc byte[512];
        Span<byte> wanted = stackalloc byte[512];
        var length = (int)Math.Min(there.Length, edit.NewSize - edit.OldSize);
        using var staged = File.OpenHandle(run.File(edit.Staged));
        there = there[..RandomAccess.Read(file, there[..length], edit.OldSize)];
        wanted = wanted[..RandomAccess.Read(staged, wanted[..length], edit.OldSize - edit.Keep)];
        return !there[there.CommonPrefixLength(wanted)..].ContainsAnyExcept((byte)0);
    }

    /// <summary>Returns the CRC-32C of a range of a file.</summary>
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
