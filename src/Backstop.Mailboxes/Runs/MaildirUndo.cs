using Backstop.Mailboxes.Posix;
using Backstop.Mailboxes.Reading;

namespace Backstop.Mailboxes.Runs;

/// <summary>Takes back what <see cref="MaildirMover"/> did. May be stopped and called again.</summary>
/// <param name="run">The run, held.</param>
/// <param name="time">The clock.</param>
public sealed class MaildirUndo(Run run, TimeProvider time)
{
    private readonly MaildirTree _tree = MaildirTree.Open(run.Started.Mailbox);
    private readonly Dictionary<string, Dictionary<string, string>> _names = new(StringComparer.Ordinal);

    /// <summary>Puts everything back.</summary>
    /// <param name="restored">Told after every message.</param>
    /// <param name="ct">Ends it between two messages.</param>
    public UndoResult Undo(Action restored, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(restored);
        if (!run.IsUndoing)
        {
            run.Append(new UndoStarted(time.GetUtcNow()));
        }

        var result = default(UndoResult);
        foreach (var entry in run.Entries.Reverse())
        {
            ct.ThrowIfCancellationRequested();
            var isBack = entry switch
            {
                FileMove move => PutBack(move),
                FileArchived archived => PutBack(archived),
                _ => (bool?)null,
            };
            if (isBack is { } back)
            {
                result += back ? new(1, 0, 0) : new(0, 1, 0);
                restored();
            }
        }

        RemoveCreated();
        run.Append(new UndoDone(result.Restored, time.GetUtcNow()));
        return result;
    }

    private bool PutBack(FileMove move)
    {
        var from = _tree.PathOf(move.From);
        if (Libc.RenameNoReplace(_tree.PathOf(move.To), from) == 0 || File.Exists(from))
        {
            return true;
        }

        // A mail program has changed its flags: what they were is in the old name.
        var unique = MaildirTree.Unique(Path.GetFileName(move.To));
        foreach (var part in MaildirTree.Parts)
        {
            var directory = _tree.PathOf(Path.GetDirectoryName(Path.GetDirectoryName(move.To)!) + "/" + part);
            if (NamesIn(directory).GetValueOrDefault(unique.ToString()) is { } name && Libc.RenameNoReplace(Path.Combine(directory, name), from) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private bool PutBack(FileArchived archived)
    {
        var path = _tree.PathOf(archived.From);
        if (File.Exists(path))
        {
            return true;
        }

        var tmp = _tree.PathOf(Path.GetDirectoryName(Path.GetDirectoryName(archived.From)!) + "/tmp/" + MaildirTree.Unique(Path.GetFileName(archived.From)).ToString());
        using (var archive = File.OpenHandle(run.File(archived.Archive)))
        {
            _ = Libc.Remove(tmp);
            using var file = Libc.TryCreateNew(tmp, out var error);
            Libc.ThrowIf(error, tmp);
            var bytes = new byte[archived.Length];
            RandomAccess.Write(file!, bytes.AsSpan(0, RandomAccess.Read(archive, bytes, archived.Offset)), 0);
            Libc.SyncData(file!);
        }

        File.SetUnixFileMode(tmp, archived.Mode);
        File.SetLastWriteTimeUtc(tmp, archived.ModifiedAt.UtcDateTime);
        return Libc.RenameNoReplace(tmp, path) == 0;
    }

    // The files of a directory by the part of their names that never changes; read once.
    private Dictionary<string, string> NamesIn(string directory)
    {
        if (!_names.TryGetValue(directory, out var names))
        {
            names = new(StringComparer.Ordinal);
            foreach (var file in Directory.Exists(directory) ? Directory.EnumerateFiles(directory) : [])
            {
                var name = Path.GetFileName(file);
                names[MaildirTree.Unique(name).ToString()] = name;
            }

            _names[directory] = names;
        }

        return names;
    }

    // What the run made goes with it, unless somebody has used it.
    private void RemoveCreated()
    {
        foreach (var created in run.Entries.OfType<PathCreated>().Reverse().Select(c => c.Path))
        {
            if (new FileInfo(created) is { Exists: true, Length: 0 } file && IsAlone(file))
            {
                file.Delete();
            }
            else if (Directory.Exists(created) && !Directory.EnumerateFileSystemEntries(created).Any())
            {
                Directory.Delete(created);
            }
        }
    }

    // The mark of a folder goes only with the folder.
    private static bool IsAlone(FileInfo mark) =>
        !mark.Directory!.EnumerateFiles("*", SearchOption.AllDirectories).Any(f => f.FullName != mark.FullName);
}
