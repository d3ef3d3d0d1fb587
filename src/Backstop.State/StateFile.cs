using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>
/// A database file that several processes may use at the same time: in WAL mode, and waiting while it is locked.
/// </summary>
/// <remarks>
/// Without a <see cref="StoreHealth"/> an unusable file makes the constructor throw. With one the file is opened as
/// soon as possible: a damaged file is set aside and replaced by a new one, a locked or unreachable one is tried again,
/// and callers get a <see cref="StoreException"/> at once meanwhile.
/// </remarks>
internal sealed class StateFile
{
    /// <summary>How long a writer waits for another one, in seconds.</summary>
    private const int WriteSeconds = 10;

    /// <summary>
    /// How long a reader waits for a process that has locked the file, in seconds: mail waits as long. SQLite's binding
    /// accepts only whole seconds.
    /// </summary>
    private const int ReadSeconds = 1;

    private readonly string _path;
    private readonly string _schema;
    private readonly StoreHealth? _health;
    private readonly string _connectionString;
    private readonly Lock _gate = new();
    private bool _isReady;

    /// <summary>
    /// Opens the file, and creates it if it is missing. File and folder are readable only by their owner: they say who
    /// writes to whom.
    /// </summary>
    /// <param name="path">The database file; its folder is created too.</param>
    /// <param name="schema">Creates the missing tables.</param>
    /// <param name="health">Lets a server run without the file; null to throw.</param>
    /// <param name="isPooled">Whether closed connections are kept for reuse.</param>
    /// <exception cref="StoreException">The file is unusable and <paramref name="health"/> is null.</exception>
    public StateFile(string path, string schema, StoreHealth? health = null, bool isPooled = true)
    {
        (_path, _schema, _health) = (path, schema, health);
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            DefaultTimeout = health is null ? WriteSeconds : ReadSeconds,
            Pooling = isPooled
        }.ToString();
        if (health is null)
        {
            Prepare();
        }
        else
        {
            // SQLite takes an empty file for a new database, and nobody would notice the loss of its content.
            if (new FileInfo(path) is { Exists: true, Length: 0 })
            {
                health.SetAside("the file is empty");
            }

            _ = TryPrepare(out _);
        }
    }

    /// <summary>Counts how often the file was replaced: connections to an earlier one must not be used.</summary>
    public int Generation { get; private set; }

    /// <summary>
    /// Creates the file, empty and readable only by its owner, and its folder, if they are missing. SQLite would make
    /// it readable for everybody; its side files get the mode of this one.
    /// </summary>
    /// <param name="path">The database file; its folder is created too.</param>
    private static void Make(string path)
    {
        Directory.CreateDirectory(
            Path.GetDirectoryName(Path.GetFullPath(path))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            // Only a missing file: closing an existing one would drop SQLite's own fcntl locks on it.
            new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The file exists, or SQLite will report what is wrong with it.
        }
    }

    /// <summary>Runs a read or a write, and turns SQLite's exceptions into <see cref="StoreException"/>.</summary>
    /// <param name="isWrite">Whether it writes.</param>
    /// <param name="work">Reads or writes over a connection that it opens itself.</param>
    /// <exception cref="StoreException">It failed. A damaged file has been replaced, so the next call may
    /// succeed.</exception>
    public T Use<T>(bool isWrite, Func<T> work)
    {
        BeReady(isWrite);
        var generation = Generation;
        try
        {
            var result = work();

            // A successful write does not show that reading works: reading is tried again after the rest.
            if (!isWrite || _health?.Rests == false)
            {
                _health?.Worked(isWrite);
            }

            return result;
        }
        catch (SqliteException error)
        {
            var failure = StoreException.Of(_path, error);
            Note(failure, generation, isWrite);
            throw failure;
        }
        catch (InvalidOperationException error) when (generation != Generation)
        {
            // The file was replaced and its connections closed while this call ran.
            throw new StoreException(_path, StoreFault.Damaged, error.Message, error);
        }
    }

    /// <summary>Opens a connection. Call it only within <see cref="Use"/>.</summary>
    /// <param name="forWriting">Whether it may wait long for another writer; only for callers that no mail waits
    /// for.</param>
    public SqliteConnection Open(bool forWriting = false)
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            if (forWriting)
            {
                connection.DefaultTimeout = WriteSeconds;
            }

            Execute(connection, "PRAGMA synchronous = NORMAL");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Checks whether the file still exists: what is written into a removed file is lost at the next start.</summary>
    public void Check()
    {
        // Asked first: while another caller replaces the file there is none for a moment.
        var generation = Generation;
        if (_health is not null && _isReady && !File.Exists(_path))
        {
            Note(new(_path, StoreFault.Damaged, "the file is gone", null), generation, isWrite: false);
        }
        else if (_health is not null && !_isReady && !_health.Rests)
        {
            _ = TryPrepare(out _);
        }
    }

    // The rest protects mail that waits for an answer. A writer must not be turned away: it would lose what it has
    // gathered.
    private void BeReady(bool isWrite)
    {
        if (!isWrite && _health is { Rests: true, State: var state })
        {
            throw new StoreException(_path, state.Fault ?? StoreFault.Unreadable, state.Error, null);
        }

        if (!_isReady && !TryPrepare(out var failure))
        {
            throw failure!;
        }
    }

    private void Note(StoreException failure, int generation, bool isWrite)
    {
        if (_health is null)
        {
            return;
        }

        if (failure.Fault != StoreFault.Damaged)
        {
            _health.Failed(failure.Fault, failure.Error, isWrite);
            return;
        }

        lock (_gate)
        {
            // A caller that notices the damage late finds the new file.
            if (generation == Generation)
            {
                _isReady = false;
                Renew(failure);
            }
        }
    }

    private bool TryPrepare(out StoreException? failure)
    {
        lock (_gate)
        {
            failure = null;
            if (_isReady)
            {
                return true;
            }

            try
            {
                Prepare();
                _health?.Worked(isWrite: true);
                return true;
            }
            catch (StoreException error)
            {
                failure = error;
                if (error.Fault == StoreFault.Damaged)
                {
                    return Renew(error);
                }

                _health!.Failed(error.Fault, error.Error, isWrite: false);
                return false;
            }
        }
    }

    // The caller holds the lock.
    private bool Renew(StoreException damage)
    {
        try
        {
            using (var old = new SqliteConnection(_connectionString))
            {
                SqliteConnection.ClearPool(old);
            }

            Generation++;
            if (_health!.SetAside(damage.Error))
            {
                Prepare();
                return true;
            }
        }
        catch (StoreException error)
        {
            damage = error;
        }

        _health!.Failed(damage.Fault, damage.Error, isWrite: false);
        return false;
    }

    private void Prepare()
    {
        try
        {
            Make(_path);
            using var connection = Open();
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, _schema);
            _isReady = true;
        }
        catch (SqliteException error)
        {
            throw StoreException.Of(_path, error);
        }
        catch (Exception error) when (_health is not null && error is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(_path, StoreFault.Unreadable, error.Message, error);
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.Command(sql);
        command.ExecuteNonQuery();
    }
}
