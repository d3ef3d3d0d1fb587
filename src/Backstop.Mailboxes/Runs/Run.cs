using System.Text.Json;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>A run of the clean-up: a folder of its own with the log of what it does, so that it can be resumed and taken back.</summary>
/// <remarks>Held by one process at a time. What <see cref="Append"/> was given is on the disk when it returns.</remarks>
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

    /// <summary>The name of the run, which is that of its folder.</summary>
    public string Id => Path.GetFileName(Folder);

    /// <summary>Where its files lie.</summary>
    public string Folder { get; }

    /// <summary>Everything it was given, in order.</summary>
    public IReadOnlyList<RunEntry> Entries => _entries;

    /// <summary>The first entry of the log: the mailbox, and when the run began.</summary>
    public RunStarted Started => (RunStarted)_entries[0];

    /// <summary>Whether somebody has begun to take it back.</summary>
    public bool IsUndoing => _entries.Exists(e => e is UndoStarted);

    /// <summary>The size of everything it keeps, in octets.</summary>
    public long Size => Directory.EnumerateFiles(Folder).Sum(f => new FileInfo(f).Length);

    /// <summary>A file of its own.</summary>
    /// <param name="name">Its name.</param>
    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Writes lines to the disk.</summary>
    /// <param name="entries">What is about to be done, or is done.</param>
    /// <exception cref="IOException">They are not on the disk: do nothing of it.</exception>
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
    /// Removes what a stopped process had staged and nobody needs any more. Not to be called while a change of files is unfinished.
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

    /// <summary>Lets others have it.</summary>
    public void Dispose() => _log.Dispose();

    internal static Run Create(string folder, RunStarted started)
    {
        Folders.Make(folder);
        var run = Open(folder) ?? throw new IOException($"{folder}: somebody else is there");
        run.Append(started);
        Folders.Sync(folder);
        Folders.Sync(Path.GetDirectoryName(folder)!);
        return run;
    }

    /// <summary>Opens it for this process alone; null where another process has it.</summary>
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

    /// <summary>The lines of a log, without a last one that a crash has cut.</summary>
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
