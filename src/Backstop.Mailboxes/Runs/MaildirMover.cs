using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Reading;
using Backstop.Posix;

namespace Backstop.Mailboxes.Runs;

/// <summary>Moves messages of a Maildir to another of its folders: one rename each; flags and times are kept.</summary>
/// <param name="run">The run that logs the moves.</param>
/// <param name="tree">The mailbox.</param>
public sealed class MaildirMover(Run run, MaildirTree tree)
{
    private const int LogBatch = 4096;

    /// <summary>Moves messages to another folder, and creates it if it is missing.</summary>
    /// <param name="messages">Their files, below the mailbox.</param>
    /// <param name="target">The folder's directory, below the mailbox.</param>
    /// <param name="moved">Called after every message.</param>
    /// <param name="ct">Stops between two messages.</param>
    /// <returns>How many were moved; somebody else moved or renamed the others since they were read.</returns>
    public int Move(IReadOnlyList<string> messages, string target, Action moved, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(moved);
        MakeFolder(target);
        var count = 0;
        foreach (var batch in Plan(messages, target).Chunk(LogBatch))
        {
            run.Append(batch);
            foreach (var (from, to) in batch)
            {
                ct.ThrowIfCancellationRequested();
                count += Rename(from, to) ? 1 : 0;
                moved();
            }
        }

        Sync(
            messages.Select(m =>
                Path.GetDirectoryName(m)!).Append(target + "/cur").Append(target + "/new").Distinct(StringComparer.Ordinal));
        return count;
    }

    /// <summary>Deletes messages; the run keeps a copy until the run is deleted.</summary>
    /// <param name="messages">Their files, below the mailbox.</param>
    /// <param name="moved">Called after every message.</param>
    /// <param name="ct">Stops between two batches.</param>
    public int Delete(IReadOnlyList<string> messages, Action moved, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(moved);
        var count = 0;
        foreach (var batch in messages.Chunk(LogBatch))
        {
            ct.ThrowIfCancellationRequested();
            using var archive = new StagedFile(run, MboxUndo.ArchiveName);
            var entries = new List<FileArchived>();
            foreach (var name in batch)
            {
                if (Archive(archive, name) is { } entry)
                {
                    entries.Add(entry);
                }
            }

            archive.Sync();
            run.Append(entries);
            foreach (var entry in entries)
            {
                count += Libc.Remove(tree.PathOf(entry.From)) == 0 ? 1 : 0;
                moved();
            }
        }

        Sync(messages.Select(m => Path.GetDirectoryName(m)!).Distinct(StringComparer.Ordinal));
        return count;
    }

    private FileArchived? Archive(StagedFile archive, string name)
    {
        var file = new FileInfo(tree.PathOf(name));
        var result = Libc.TryOpenRegular(file.FullName, followLinks: false, out var opened, out var error);
        if (result is OpenResult.Gone or OpenResult.NotRegular)
        {
            // The file was moved or replaced since it was read.
            return null;
        }

        Libc.ThrowIf(error, file.FullName);
        using var handle = opened!;
        var at = archive.Length;
        archive.Copy(handle, 0, RandomAccess.GetLength(handle));
        return new(name, archive.Name, at, archive.Length - at, new(file.LastWriteTimeUtc), file.UnixFileMode);
    }

    // Each keeps its place in new/ or cur/; if the name is taken there, a number is added.
    private IEnumerable<FileMove> Plan(IReadOnlyList<string> messages, string target)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in MaildirTree.Parts)
        {
            taken.UnionWith(
                Directory.EnumerateFiles(tree.PathOf(target + "/" + part)).Select(f => MaildirTree.Unique(Path.GetFileName(f)).ToString()));
        }

        foreach (var from in messages)
        {
            var name = Path.GetFileName(from);
            var part = Path.GetFileName(Path.GetDirectoryName(from)!);
            var unique = MaildirTree.Unique(name).ToString();
            var free = unique;
            for (var n = 1; !taken.Add(free); n++)
            {
                free = $"{unique}-{n}";
            }

            yield return new(from, $"{target}/{part}/{free}{name[unique.Length..]}");
        }
    }

    private bool Rename(string from, string to)
    {
        var error = Libc.RenameNoReplace(tree.PathOf(from), tree.PathOf(to));
        if (error is not (0 or Libc.NoEntry or Libc.Exists))
        {
            Libc.ThrowIf(error, tree.PathOf(to));
        }

        return error == 0;
    }

    private void MakeFolder(string target)
    {
        var missing = MaildirLayout.DirectoriesOf(target).Select(tree.PathOf).Where(p => !Directory.Exists(p)).ToList();
        var marker = tree.PathOf(MaildirLayout.MarkerOf(target));
        var isMarked = !tree.IsDotted || File.Exists(marker);
        if (missing.Count == 0)
        {
            return;
        }

        run.Append([.. missing.Select(p => new PathCreated(p)), .. isMarked ? Array.Empty<PathCreated>() : [new PathCreated(marker)]]);
        missing.ForEach(Folders.Make);
        if (!isMarked)
        {
            File.WriteAllBytes(marker, []);
        }
    }

    private void Sync(IEnumerable<string> directories)
    {
        foreach (var directory in directories)
        {
            Folders.Sync(tree.PathOf(directory));
        }
    }
}
