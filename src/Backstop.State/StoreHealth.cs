using System.Globalization;

namespace Backstop.State;

/// <summary>
/// The state of a store, for display. An <paramref name="Error"/> without a fault is the reason why something was set
/// aside.
/// </summary>
/// <param name="Name">The content, such as <c>journal</c>.</param>
/// <param name="Path">The file or folder.</param>
/// <param name="Fault">The present fault; null if there is none.</param>
/// <param name="Error">A description; empty if nothing is wrong.</param>
/// <param name="Since">When the fault began.</param>
/// <param name="SetAside">The path of the damaged file that was set aside; null if none was.</param>
/// <param name="LostAt">When it was set aside.</param>
public sealed record StoreState(
    string Name, string Path, StoreFault? Fault, string Error, DateTimeOffset? Since, string? SetAside, DateTimeOffset? LostAt);

/// <summary>
/// Lets a server run while a store is damaged, locked or missing: remembers the fault, sets damaged files aside
/// (renamed, never deleted), and reports each change once. Used by many threads at once.
/// </summary>
/// <remarks>The loss is read from the name of the file that was set aside, so it is known after a restart too.</remarks>
public sealed class StoreHealth
{
    /// <summary>How long nobody reads a store after a failure, so that no mail waits for it. Writing goes on.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan _restWhenDamaged = TimeSpan.FromMinutes(1);

    // A file that is damaged again at once means a bad disk: setting it aside every few seconds would not help.
    private static readonly TimeSpan _betweenDamages = TimeSpan.FromMinutes(10);

    private const string Mark = ".damaged-";
    private const string Stamp = "yyyyMMdd'T'HHmmss'Z'";

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private StoreState _state;
    private DateTimeOffset? _wholeAt;
    private bool _ofWriting;
    private long? _restsSince;

    /// <summary>Finds what was set aside earlier.</summary>
    /// <param name="name">The content of the store.</param>
    /// <param name="path">The file or folder.</param>
    /// <param name="time">The clock.</param>
    public StoreHealth(string name, string path, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        var (aside, at) = LastSetAside(path);
        _state = new(name, path, null, "", null, aside, at);
        _wholeAt = at;
    }

    /// <summary>Called on each change, and each time something is set aside. Must not throw.</summary>
    public Action<StoreState>? Changed { get; set; }

    /// <summary>The present fault, if any, and what was set aside last.</summary>
    public StoreState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Whether nobody reads the store now, because of a failure.</summary>
    public bool Rests
    {
        get
        {
            lock (_gate)
            {
                return _restsSince is { } since
                    && _time.GetElapsedTime(since) < (_state.Fault == StoreFault.Damaged ? _restWhenDamaged : Rest);
            }
        }
    }

    /// <summary>Whether something was set aside so recently that its content is still missed.</summary>
    /// <param name="window">How long the content would have mattered.</param>
    public bool IsLost(TimeSpan window) => State.LostAt is { } at && _time.GetUtcNow() - at < window;

    /// <summary>Records a success. A successful read does not show that writing works.</summary>
    /// <param name="isWrite">Whether it was a write.</param>
    internal void Worked(bool isWrite)
    {
        StoreState changed;
        lock (_gate)
        {
            if (_state.Fault is null || (_ofWriting && !isWrite))
            {
                return;
            }

            _restsSince = null;
            changed = _state = _state with { Fault = null, Error = "", Since = null };
        }

        Changed?.Invoke(changed);
    }

    /// <summary>Records a failure.</summary>
    /// <param name="fault">The kind of fault.</param>
    /// <param name="error">A description.</param>
    /// <param name="isWrite">Whether it was a write: then reading may go on.</param>
    internal void Failed(StoreFault fault, string error, bool isWrite)
    {
        StoreState changed;
        lock (_gate)
        {
            if (!isWrite)
            {
                _restsSince = _time.GetTimestamp();
            }

            _ofWriting = isWrite && (_ofWriting || _state.Fault is null);
            if (_state.Fault == fault)
            {
                return;
            }

            changed = _state = _state with { Fault = fault, Error = error, Since = _time.GetUtcNow() };
        }

        Changed?.Invoke(changed);
    }

    /// <summary>
    /// Sets the store aside: renames it, with a database's side files. If it is missing, an empty file under the new
    /// name records the loss.
    /// </summary>
    /// <param name="error">A description of the fault.</param>
    /// <returns>False if it could not be renamed, or was set aside only minutes ago: the store then stays as it is,
    /// with its fault.</returns>
    internal bool SetAside(string error) => SetAside(State.Path, error);

    /// <summary>Sets one file of a folder aside.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">A description of the fault.</param>
    internal bool SetAside(string path, string error)
    {
        StoreState changed;
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            if (path == _state.Path && _wholeAt is { } last && now >= last && now - last < _betweenDamages)
            {
                return false;
            }

            var aside = path + Mark + now.ToString(Stamp, CultureInfo.InvariantCulture);
            for (var i = 1; Path.Exists(aside); i++)
            {
                aside = string.Create(CultureInfo.InvariantCulture, $"{path}{Mark}{now.ToString(Stamp, CultureInfo.InvariantCulture)}.{i}");
            }

            try
            {
                Rename(path, aside);
            }
            catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException)
            {
                return false;
            }

            _restsSince = null;
            _wholeAt = path == _state.Path ? now : _wholeAt;
            changed = _state = _state with { Fault = null, Error = error, Since = null, SetAside = aside, LostAt = now };
        }

        Changed?.Invoke(changed);
        return true;
    }

    private static void Rename(string path, string aside)
    {
        if (Directory.Exists(path))
        {
            Directory.Move(path, aside);
        }
        else if (File.Exists(path))
        {
            File.Move(path, aside);
        }
        else
        {
            File.WriteAllBytes(aside, []);
        }

        // SQLite's log belongs to its file: a new file must not be read with the old log.
        foreach (var side in (string[])["-wal", "-shm", "-journal"])
        {
            try
            {
                File.Move(path + side, aside + side);
            }
            catch (FileNotFoundException)
            {
                // There was none, or the last connection to the file took it away just now.
            }
        }
    }

    private static (string? Path, DateTimeOffset? At) LastSetAside(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(full)!, Path.GetFileName(full) + Mark + "*")
                .Select(p => ((string?)p, At: TimeOf(p))).Where(p => p.At is not null).OrderBy(p => p.At).LastOrDefault();
        }
        catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException)
        {
            return (null, null);
        }
    }

    // The name of a side file has the same stamp with more text behind it, so it does not parse.
    private static DateTimeOffset? TimeOf(string aside)
    {
        var stamp = aside[(aside.LastIndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..].Split('.')[0];
        return DateTimeOffset.TryParseExact(
            stamp, Stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at
            : null;
    }
}
