using Backstop.Mailboxes.Reading;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>Undoes what <see cref="MaildirMover"/> did. It may be stopped and called again.</summary>
/// <param name="run">The run, held.</param>
/// <param name="time">The clock.</param>
public sealed class MaildirUndo(Run run, TimeProvider time)
{
    private readonly MaildirTree _tree = MaildirTree.Open(run.Started.Mailbox);
    private readonly Dictionary<string, Dictionary<string, string>> _names = new(StringComparer.Ordinal);

    /// <summary>Moves every message of the run back, the last one first.</summary>
    /// <param name="restored">Called after every message.</param>
    /// <param name="ct">Stops between two messages.</param>
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

        // A mail program changed its flags; the old name contains the original ones.
        var unique = MaildirTree.Unique(Path.GetFileName(move.To));
        foreach (var part in MaildirTree.Parts)
        {
            var directory = _tree.PathOf(Path.GetDirectoryName(Path.GetDirectoryName(move.To)!) + "/" + part);
            if (NamesIn(directory).GetValueOrDefault(unique.ToString()) is { } name
                && Libc.RenameNoReplace(Path.Combine(directory, name), from) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private bool PutBack(FileArchived archived)
    {
        var folder = Path.GetDirectoryName(Path.GetDirectoryName(archived.From)!)!;
        var unique = MaildirTree.Unique(Path.GetFileName(archived.From)).ToString();

        // It is there already: an earlier call restored it, or a mail program renamed it before it could be deleted.
        if (MaildirTree.Parts.Any(p => NamesIn(_tree.PathOf(Path.Combine(folder, p))).ContainsKey(unique)))
        {
            return true;
        }

        var tmp = _tree.PathOf(Path.Combine(folder, "tmp", unique));
        _ = Libc.Remove(tmp);
        using (var archive = File.OpenHandle(run.File(archived.Archive)))
        using (var file = Libc.TryCreateNew(tmp, out var error))
        {
            Libc.ThrowIf(error, tmp);
            Copy(archive, archived, file!);
            Libc.SyncData(file!);
        }

        File.SetUnixFileMode(tmp, archived.Mode);
        File.SetLastWriteTimeUtc(tmp, archived.ModifiedAt.UtcDateTime);
        return Libc.RenameNoReplace(tmp, _tree.PathOf(archived.From)) == 0;
    }

    private static void Copy(SafeFileHandle archive, FileArchived archived, SafeFileHandle file)
    {
        var buffer = new byte[(int)Math.Min(1 << 20, Math.Max(1, archived.Length))];
        for (var at = 0L; at < archived.Length;)
        {
            var read = RandomAccess.Read(
                archive, buffer.AsSpan(0, (int)Math.Min(buffer.Length, archived.Length - at)), archived.Offset + at);
            if (read == 0)
            {
                throw new InvalidDataException($"{archived.Archive}:1:1: the archive has become shorter; its messages cannot be restored");
            }

            RandomAccess.Write(file, buffer.AsSpan(0, read), at);
            at += read;
        }
    }

    // The files of a directory by the unchanging part of their names; read once.
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

    // What the run created is removed, unless somebody has used it.
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

    // A folder's marker is removed only with the folder.
    private static bool IsAlone(FileInfo mark) =>
        !mark.Directory!.EnumerateFiles("*", SearchOption.AllDirectories).Any(f => f.FullName != mark.FullName);
}
