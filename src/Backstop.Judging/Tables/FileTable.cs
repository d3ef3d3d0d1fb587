using Backstop.Configuration.Options;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Tables;

/// <summary>
/// A table in a text file, taken up as a whole when the file has changed. While the file is wrong or gone, the table stays as it was.
/// </summary>
internal sealed partial class FileTable : IAddressTable
{
    /// <summary>How long a changed file must stay as it is: whoever writes it may not have finished.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private readonly string _path;
    private readonly Func<string, bool> _isLocal;
    private readonly TimeProvider _time;
    private readonly ILogger<FileTable> _log;
    private readonly Lock _gate = new();
    private volatile IReadOnlyDictionary<string, string> _entries;
    private volatile string? _wrong;
    private volatile bool _isGone;
    private volatile bool _isChanging;
    private FileStamp? _read;
    private FileStamp? _seen;
    private long _seenAt;

    /// <summary>Reads the file.</summary>
    /// <param name="name">The entry of the configuration.</param>
    /// <param name="path">The file.</param>
    /// <param name="isLocal">Whether a domain, as a key, is one of ours.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <exception cref="InvalidDataException">It cannot be read, or has wrong lines: each is named.</exception>
    public FileTable(string name, string path, Func<string, bool> isLocal, TimeProvider time, ILogger<FileTable> log)
    {
        (Name, _path, _isLocal, _time, _log) = (name, path, isLocal, time, log);
        _read = FileStamp.Of(path);
        (_entries, var errors) = AddressFile.Read(path, isLocal);
        if (errors.Count > 0)
        {
            throw new InvalidDataException(string.Join("; ", errors));
        }
    }

    public string Name { get; }

    public string? Trouble => _isGone ? $"{_path}: no such file; addresses that were not in it are answered 451" : _wrong;

    public bool HasAnswered => true;

    public bool ComesFirst => true;

    public bool KnowsDomains => true;

    public ValueTask<TableAnswer> AskAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Look();
        if (_entries.TryGetValue(key, out var value))
        {
            return new(new TableAnswer(AddressFile.TargetsOf(value, key, _isLocal, out _)));
        }

        // The address may be in what is being written.
        return new(!_isChanging ? TableAnswer.Missing
            : new(null, _isGone ? $"{_path}: no such file" : $"{_path} has changed just now and is not read yet"));
    }

    private void Look()
    {
        if (!_gate.TryEnter())
        {
            // Somebody reads it.
            return;
        }

        try
        {
            var stamp = FileStamp.Of(_path);
            _isGone = stamp is null;
            _isChanging = stamp != _read && (stamp is not { } changed || !IsSettled(changed));
            if (stamp is { } now && now != _read && !_isChanging)
            {
                Take(now);
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    // By its own time, or, where that is of another clock, by ours.
    private bool IsSettled(FileStamp stamp)
    {
        if (stamp != _seen)
        {
            (_seen, _seenAt) = (stamp, _time.GetTimestamp());
        }

        return _time.GetUtcNow() - stamp.Changed >= Settling || _time.GetElapsedTime(_seenAt) >= Settling;
    }

    private void Take(FileStamp stamp)
    {
        var (entries, errors) = AddressFile.Read(_path, _isLocal);
        if (FileStamp.Of(_path) != stamp)
        {
            // It changed while it was read.
            _isChanging = true;
            return;
        }

        _read = stamp;
        if (errors.Count > 0)
        {
            _wrong = $"{errors[0]}{(errors.Count > 1 ? ", and more" : "")}; what was read before stays in force";
            LogWrong(string.Join("; ", errors));
            return;
        }

        (_entries, _wrong) = (entries, null);
        LogTaken(_path, entries.Count);
    }

    [LoggerMessage(7403, LogLevel.Information, "{Path} has changed and was taken up: {Count} addresses")]
    private partial void LogTaken(string path, int count);

    [LoggerMessage(7404, LogLevel.Error, "{Errors}; what was read before stays in force until the file is mended")]
    private partial void LogWrong(string errors);

    // What tells one state of a file from another.
    private readonly record struct FileStamp(DateTimeOffset Changed, long Length)
    {
        public static FileStamp? Of(string path) =>
            new FileInfo(path) is { Exists: true } file ? new(new(file.LastWriteTimeUtc), file.Length) : null;
    }
}
