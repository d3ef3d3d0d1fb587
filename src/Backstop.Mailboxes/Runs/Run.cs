using System.Text.Json;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>
/// A run of the clean-up: a folder of its own with the log of its changes, so that it can be resumed and undone.
/// </summary>
/// <remarks>Held by one process at a time. Entries given to <see cref="Append"/> are on the disk when it returns.</remarks>
public sealed class Run : IDisposable
{
    /// <summary>The name of the log in its folder.</summary>
    internal const string LogName = "log";

    private readonly SafeFileHandle _log;
    private readonly List<RunEntry> _entries;
    private long _end;

    private Run(string folder, SafeFileHandle log, List<RunEntry> entries, long end)
    {
        Folder = folder;
        _log = log;
        _entries = entries;
        _end = end;
    }

    /// <summary>The run's id, which is the name of its folder.</summary>
    public string Id => Path.GetFileName(Folder);

    /// <summary>The folder of its files.</summary>
    public string Folder { get; }

    /// <summary>All entries of the log, in order.</summary>
    public IReadOnlyList<RunEntry> Entries => _entries;

    /// <summary>The first entry of the log: the mailbox, and when the run began.</summary>
    public RunStarted Started => (RunStarted)_entries[0];

    /// <summary>Whether somebody has begun to undo it.</summary>
    public bool IsUndoing => _entries.Exists(e => e is UndoStarted);

    /// <summary>The size of all its files, in octets.</summary>
    public long Size => Directory.EnumerateFiles(Folder).Sum(f => new FileInfo(f).Length);

    /// <summary>Returns the path of a file in its folder.</summary>
    /// <param name="name">A file name, without folders.</param>
    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Appends entries to the log and syncs it.</summary>
    /// <param name="entries">The changes that will be made, or are done.</param>
    /// <exception cref="IOException">The entries are not on the disk; do not make the changes.</exception>
    public void Append(params IEnumerable<RunEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        using var lines = new MemoryStream();
        var before = _entries.Count;
        foreach (var entry in entries)
        {
            JsonSerializer.Serialize(lines, entry, RunJson.Default.RunEntry);
            lines.WriteByte((byte)'\n');
            _entries.Add(entry);
        }

        if (_entries.Count > before)
        {
            RandomAccess.Write(_log, lines.GetBuffer().AsSpan(0, (int)lines.Length), _end);
            _end += lines.Length;
            Libc.SyncData(_log);
        }
    }

    /// <summary>
    /// Removes staged files that a stopped process left and nobody needs. Do not call it while a change of files is
    /// unfinished.
    /// </summary>
    internal void Tidy()
    {
        foreach (
            var file in Directory.EnumerateFiles(Folder).Where(f =>
                Path.GetFileName(f) is var name && name != LogName && !name.StartsWith(MboxUndo.ArchiveName, StringComparison.Ordinal)))
        {
            _ = Libc.Remove(file);
        }
    }

    /// <summary>Releases the run for other processes.</summary>
    public void Dispose() => _log.Dispose();

    internal static Run Create(string folder, RunStarted started)
    {
        Folders.Make(folder);
        var run = Open(folder) ?? throw new IOException($"{folder}: another process uses this run");
        run.Append(started);
        Folders.Sync(folder);
        Folders.Sync(Path.GetDirectoryName(folder)!);
        return run;
    }

    /// <summary>Opens a run for this process alone; null if another process holds it.</summary>
    internal static Run? Open(string folder)
    {
        var path = Path.Combine(folder, LogName);
        var log = Libc.TryOpenOrCreate(path, Libc.OwnerOnly, out var error);
        Libc.ThrowIf(error, path);
        if (!Libc.TryLock(log!))
        {
            log!.Dispose();
            return null;
        }

        var (entries, end) = Read(path);
        return new(folder, log!, entries, end);
    }

    /// <summary>Reads the entries of a log, without a last line that a crash cut off.</summary>
    private static (List<RunEntry> Entries, long End) Read(string path)
    {
        var bytes = System.IO.File.ReadAllBytes(path);
        var entries = new List<RunEntry>();
        var at = 0;
        for (int lf; (lf = bytes.AsSpan(at).IndexOf((byte)'\n')) >= 0; at += lf + 1)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize(bytes.AsSpan(at, lf), RunJson.Default.RunEntry)!);
            }
            catch (JsonException error)
            {
                throw new InvalidDataException($"{path}:{entries.Count + 1}:{error.BytePositionInLine + 1}: {error.Message}", error);
            }
        }

        return (entries, at);
    }
}
