using System.Globalization;

namespace Backstop.State;

/// <summary>How a store fares, as it is shown. An <paramref name="Error"/> without a fault says why something was set aside.</summary>
/// <param name="Name">What it holds, such as <c>journal</c>.</param>
/// <param name="Path">The file or folder.</param>
/// <param name="Fault">What is wrong with it just now; null where nothing is.</param>
/// <param name="Error">In words; empty where nothing is wrong.</param>
/// <param name="Since">Since when.</param>
/// <param name="SetAside">Where what was damaged lies; null where nothing was.</param>
/// <param name="LostAt">When that was set aside.</param>
public sealed record StoreState(
    string Name, string Path, StoreFault? Fault, string Error, DateTimeOffset? Since, string? SetAside, DateTimeOffset? LostAt);

/// <summary>
/// Keeps a server going whose store is damaged, locked or gone: remembers what is wrong, sets damaged files aside (renamed, never
/// deleted), and says each change once. Used by many threads at once.
/// </summary>
/// <remarks>That something was lost is read from the name of what was set aside, so it is known after a restart too.</remarks>
public sealed class StoreHealth
{
    /// <summary>How long nobody asks a store that cannot be asked: no mail waits for it meanwhile. Writing goes on.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan _restWhenDamaged = TimeSpan.FromMinutes(1);

    // One that is damaged again at once has a bad disk: nothing is won by setting it aside every few seconds.
    private static readonly TimeSpan _betweenDamages = TimeSpan.FromMinutes(10);

    private const string Mark = ".damaged-";
    private const string Stamp = "yyyyMMdd'T'HHmmss'Z'";

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private StoreState _state;
    private DateTimeOffset? _wholeAt;
    private bool _ofWriting;
    private long? _restsSince;

    /// <summary>Looks for what was set aside before.</summary>
    /// <param name="name">What the store holds.</param>
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

    /// <summary>Told of each change, and of each time that something is set aside. Must not throw.</summary>
    public Action<StoreState>? Changed { get; set; }

    /// <summary>The fault the store has now, if any, and what was set aside last.</summary>
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

    /// <summary>Whether nobody asks it just now, after it could not be asked.</summary>
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

    /// <summary>Whether something was set aside so lately that what it held is missed.</summary>
    /// <param name="window">How long what it held would count.</param>
    public bool IsLost(TimeSpan window) => State.LostAt is { } at && _time.GetUtcNow() - at < window;

    /// <summary>Notes that it was asked or written with success. A success of reading says nothing about writing.</summary>
    /// <param name="isWrite">Whether it was written.</param>
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

    /// <summary>Notes a failure.</summary>
    /// <param name="fault">What is wrong.</param>
    /// <param name="error">In words.</param>
    /// <param name="isWrite">Whether it was to be written: then questions may go on.</param>
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
    /// Sets what lies there aside: renamed, with a database's side files. Where nothing lies there, an empty file says so.
    /// </summary>
    /// <param name="error">What is wrong with it.</param>
    /// <returns>False where it could not be renamed, or was set aside only minutes ago: the store stays as it is, and faulty.</returns>
    internal bool SetAside(string error) => SetAside(State.Path, error);

    /// <summary>The same for one file of a folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">What is wrong with it.</param>
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
            if (File.Exists(path + side))
            {
                File.Move(path + side, aside + side);
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

    // A side file has the same stamp, and more behind it.
    private static DateTimeOffset? TimeOf(string aside)
    {
        var stamp = aside[(aside.LastIndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..].Split('.')[0];
        return DateTimeOffset.TryParseExact(
            stamp, Stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at
            : null;
    }
}
