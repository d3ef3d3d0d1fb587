using System.Globalization;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Spool;

/// <summary>One file of the log, written once from front to back, then reused under another number.</summary>
/// <remarks>
/// It is filled with zeros when created, so that a write changes neither its size nor its blocks: fdatasync then writes
/// only the data and does not wait for the file system's journal, which is busy with the Maildirs.
/// </remarks>
internal sealed class SpoolSegment : IDisposable
{
    private const string Prefix = "seg-";

    // A free file may still hold messages whose notes of delivery were in a file that is deleted already, so it does not belong to the log.
    private const string FreePrefix = "free-";
    private const string Suffix = ".log";
    private readonly HashSet<SpoolEntry> _entries = [];
    private readonly HashSet<string> _largeFiles = new(StringComparer.Ordinal);

    private SpoolSegment(string path, long number, SafeFileHandle file, long size)
    {
        Path = path;
        Number = number;
        File = file;
        Size = size;
    }

    public string Path { get; private set; }

    /// <summary>Always increases; it is also the epoch of its records.</summary>
    public long Number { get; private set; }

    public SafeFileHandle File { get; }

    public long Size { get; }

    public long Offset { get; set; }

    /// <summary>Whether all messages in it are delivered.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_entries)
            {
                return _entries.Count == 0;
            }
        }
    }

    /// <summary>Makes a file of the log.</summary>
    public static SpoolSegment Create(string directory, long number, long size) => Create(directory, number, size, Prefix);

    /// <summary>Makes a file that does not belong to the log until <see cref="Reuse"/>.</summary>
    public static SpoolSegment CreateFree(string directory, long number, long size) => Create(directory, number, size, FreePrefix);

    /// <summary>Deletes the free files of an earlier run.</summary>
    public static void DeleteFree(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(directory, FreePrefix + "*" + Suffix))
        {
            System.IO.File.Delete(file);
        }
    }

    private static SpoolSegment Create(string directory, long number, long size, string prefix)
    {
        var path = PathOf(directory, number, prefix);
        var file = CreateFile(path);
        try
        {
            var zeros = new byte[1 << 20];
            for (var at = 0L; at < size; at += zeros.Length)
            {
                RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(zeros.Length, size - at)), at);
            }

            RandomAccess.FlushToDisk(file);
            Folders.Sync(directory);
            return new(path, number, file, size);
        }
        catch (IOException)
        {
            file.Dispose();
            System.IO.File.Delete(path);
            throw;
        }
    }

    // The writer expects an IOException: a folder whose mode was changed is a failure like a full disk.
    private static SafeFileHandle CreateFile(string path)
    {
        try
        {
            return System.IO.File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    public static IEnumerable<SpoolSegment> OpenAll(string directory) =>
        Directory.EnumerateFiles(directory, Prefix + "*" + Suffix).Select(Open).OfType<SpoolSegment>().OrderBy(s => s.Number);

    public void Add(SpoolEntry entry, string? largeFile)
    {
        lock (_entries)
        {
            _entries.Add(entry);
            if (largeFile is not null)
            {
                _largeFiles.Add(largeFile);
            }
        }
    }

    /// <summary>Removes a delivered message; returns how many remain.</summary>
    public int Release(SpoolEntry entry)
    {
        lock (_entries)
        {
            _entries.Remove(entry);
            return _entries.Count;
        }
    }

    /// <summary>Removes a message that is now in another file, with its large body.</summary>
    public void Forget(SpoolEntry entry, string? largeFile)
    {
        lock (_entries)
        {
            _entries.Remove(entry);
            if (largeFile is not null)
            {
                _largeFiles.Remove(largeFile);
            }
        }
    }

    public IReadOnlyList<SpoolEntry> Entries()
    {
        lock (_entries)
        {
            return [.. _entries];
        }
    }

    /// <summary>Takes the file out of the log. Its messages must be delivered and synced.</summary>
    public void SetFree() => Rename(PathOf(System.IO.Path.GetDirectoryName(Path)!, Number, FreePrefix));

    /// <summary>Gives a free file a new number, as a part of the log, and starts at its front.</summary>
    public void Reuse(long number)
    {
        Rename(PathOf(System.IO.Path.GetDirectoryName(Path)!, number, Prefix));
        Number = number;
        Offset = 0;
    }

    public void DeleteLargeFiles(string directory)
    {
        lock (_entries)
        {
            foreach (var file in _largeFiles)
            {
                System.IO.File.Delete(System.IO.Path.Combine(directory, file));
            }

            _largeFiles.Clear();
        }
    }

    private void Rename(string path)
    {
        Libc.ThrowIf(Libc.RenameNoReplace(Path, path), path);
        Folders.Sync(System.IO.Path.GetDirectoryName(path)!);
        Path = path;
    }

    public void Delete()
    {
        Dispose();
        System.IO.File.Delete(Path);
    }

    public void Dispose() => File.Dispose();

    private static SpoolSegment? Open(string path)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
        if (!long.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var file = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        return new(path, number, file, RandomAccess.GetLength(file));
    }

    private static string PathOf(string directory, long number, string prefix) =>
        System.IO.Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:x16}{Suffix}"));
}
