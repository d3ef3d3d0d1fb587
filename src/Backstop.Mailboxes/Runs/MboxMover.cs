using System.Buffers;
using Backstop.Mailboxes.Mbox;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>Moves messages from an mbox to another, under the locks that other programs respect.</summary>
/// <param name="run">The run that logs the moves.</param>
/// <param name="time">The clock.</param>
public sealed class MboxMover(Run run, TimeProvider time)
{
    /// <summary>Returns the file of a folder next to an mbox; a path is returned unchanged.</summary>
    /// <param name="mbox">The path of the mbox.</param>
    /// <param name="folder">A folder's name, or a path.</param>
    internal static string FileOf(string mbox, string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return folder.Contains('/', StringComparison.Ordinal)
            ? Path.GetFullPath(folder)
            : MboxFolder.FileOf(new(FolderFormat.Mbox, mbox, folder));
    }

    /// <summary>Moves messages from an mbox to another mbox.</summary>
    /// <param name="source">The mbox.</param>
    /// <param name="found">The messages as they were read, in the order of the file.</param>
    /// <param name="target">The mbox to append them to; null to keep them only in the run's folder.</param>
    /// <param name="ct">Cancels the wait for a lock; once a file is being changed, the change is completed.</param>
    /// <returns>False if the mbox has changed since it was read; then nothing was moved.</returns>
    /// <exception cref="IOException">Nothing was moved, or the log contains what is needed to continue.</exception>
    public async Task<bool> MoveAsync(string source, IReadOnlyList<MboxCut> found, string? target, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(found);
        if (target is not null && !File.Exists(target))
        {
            run.Append(new PathCreated(target));
        }

        using var locks = await LockSet.TakeAsync(target is null ? [source] : [source, target], MboxUndo.OwnerOf(run), time, ct);
        var from = locks.Files[0];
        var to = target is null ? null : locks.Files[1];
        using var moved = new StagedFile(run, target is null ? MboxUndo.ArchiveName : "moved");
        using var kept = new StagedFile(run, "kept");
        try
        {
            if (Split(from, found, moved, kept) is not { } cuts)
            {
                Drop(moved, kept);
                return false;
            }

            Commit(source, target, from, to, cuts, moved, kept);
            Drop(kept);
            if (to is not null)
            {
                Drop(moved);
            }

            return true;
        }
        catch (IOException) when (run.Entries[^1] is not MboxEdits)
        {
            Drop(moved, kept);
            throw;
        }
    }

    // Writes the messages into one file, and everything else behind the first of them into the other; null if the
    // messages have changed.
    private static List<MboxCut>? Split(SafeFileHandle file, IReadOnlyList<MboxCut> found, StagedFile moved, StagedFile kept)
    {
        var size = RandomAccess.GetLength(file);
        var cuts = new List<MboxCut>(found.Count);
        var at = found[0].At;
        foreach (var message in found)
        {
            if (Read(file, message, size) is not { } cut)
            {
                return null;
            }

            kept.Copy(file, at, cut.At - at);
            moved.Copy(file, cut.At, cut.Length);
            cuts.Add(cut);
            at = cut.At + cut.Length;
        }

        kept.Copy(file, at, size - at);
        return cuts;
    }

    // The message at its position, up to the next separator: an empty line may have been added to the last one since.
    private static MboxCut? Read(SafeFileHandle file, MboxCut seen, long size)
    {
        const int behind = 16;
        if (seen.At + seen.Length > size)
        {
            return null;
        }

        var length = (int)Math.Min(seen.Length, MboxKey.MaxRead) + behind;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var there = buffer.AsSpan(0, RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(length, seen.Length)), seen.At));
            if (!there.StartsWith("From "u8) || MboxKey.Of(there) != seen.Key)
            {
                return null;
            }

            var next = buffer.AsSpan(0, RandomAccess.Read(file, buffer.AsSpan(0, behind), seen.At + seen.Length));
            var gap = next.Length - next.TrimStart("\r\n"u8).Length;
            return next[gap..].IsEmpty || next[gap..].StartsWith("From "u8) ? seen with { Length = seen.Length + gap } : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Commit(
        string source, string? target, SafeFileHandle from, SafeFileHandle? to, List<MboxCut> cuts, StagedFile moved, StagedFile kept)
    {
        kept.Sync();
        var size = RandomAccess.GetLength(from);
        var newSize = cuts[0].At + kept.Length;
        var edits = new List<MboxEdit>();
        var files = new List<SafeFileHandle>();
        var (targetSize, targetAt) = (0L, 0L);
        if (to is not null)
        {
            targetSize = RandomAccess.GetLength(to);
            var gap = MboxFolder.Gap(to, targetSize).Length;
            targetAt = targetSize + gap;
            moved.EndMessage();
            WriteGap(to, gap, targetSize);
            Room.Need(target!, moved.Length);
            edits.Add(new(target!, targetAt, targetAt, targetAt + moved.Length, 0, moved.Name));
            files.Add(to);
        }

        moved.Sync();
        edits.Add(new(source, cuts[0].At, size, newSize, MboxRewrite.CheckOf(from, newSize, size), kept.Name));
        files.Add(from);
        MboxRewrite.Make(run, edits, files, new MboxCuts(cuts, newSize, kept.Check, target ?? "", targetSize, targetAt, moved.Name));
    }

    // An empty line at the end of an mbox is harmless, so it may stay if we stop here.
    private static void WriteGap(SafeFileHandle file, int length, long at) => RandomAccess.Write(file, "\n\n"u8[..length], at);

    private void Drop(params ReadOnlySpan<StagedFile> files)
    {
        foreach (var file in files)
        {
            _ = Libc.Remove(run.File(file.Name));
        }
    }
}
