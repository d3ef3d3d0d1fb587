using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>A database file that others may use at the same time: WAL, and whoever finds it busy waits.</summary>
/// <remarks>
/// Without a <see cref="StoreHealth"/> a store that cannot be used is the caller's trouble from the start. With one it is opened
/// when it can be: a damaged file is set aside and a new one made, one that is locked or out of reach is tried again, and who asks
/// meanwhile hears
/// <see cref="StoreException"/> at once.
/// </remarks>
internal sealed class StateFile
{
    /// <summary>How long a writer waits for another one.</summary>
    private const int WriteSeconds = 10;

    /// <summary>
    /// How long is waited for somebody who keeps the file for himself, where mail waits too. SQLite's binding counts whole seconds.
    /// </summary>
    private const int ReadSeconds = 1;

    private readonly string _path;
    private readonly string _schema;
    private readonly StoreHealth? _health;
    private readonly string _connectionString;
    private readonly Lock _gate = new();
    private bool _isReady;

    /// <summary>
    /// Makes the file where there is none. Whom somebody writes to is nobody else's business: file and folder are their owner's.
    /// </summary>
    /// <param name="path">The database file; its folder is made with it.</param>
    /// <param name="schema">Makes what is not there.</param>
    /// <param name="health">Keeps going without it; null to throw.</param>
    /// <param name="isPooled">Whether connections are kept when they are closed.</param>
    /// <exception cref="StoreException">It cannot be used; never with a <paramref name="health"/>.</exception>
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
            // SQLite takes an empty file for a new database: what it held would be gone without a word.
            if (new FileInfo(path) is { Exists: true, Length: 0 })
            {
                health.SetAside("the file is empty");
            }

            _ = TryPrepare(out _);
        }
    }

    /// <summary>Counts the files that were begun: what is kept open of an earlier one is of no use.</summary>
    public int Generation { get; private set; }

    /// <summary>
    /// Makes an empty file that only its owner may read, and its folder, where they are not there. SQLite would make one that
    /// everybody may; those it makes beside it follow this one.
    /// </summary>
    /// <param name="path">The database file; its folder is made with it.</param>
    private static void Make(string path)
    {
        Directory.CreateDirectory(
            Path.GetDirectoryName(Path.GetFullPath(path))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            // Never one that is there: closing it would give up SQLite's own locks on it (fcntl).
            new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is there already, or SQLite will say what is wrong with it.
        }
    }

    /// <summary>Reads or writes; what SQLite throws becomes a <see cref="StoreException"/>.</summary>
    /// <param name="isWrite">Whether it writes.</param>
    /// <param name="work">Reads or writes by a connection that it opens itself.</param>
    /// <exception cref="StoreException">It could not be done; a damaged file has been replaced, and the next call may go well.</exception>
    public T Use<T>(bool isWrite, Func<T> work)
    {
        BeReady(isWrite);
        var generation = Generation;
        try
        {
            var result = work();

            // What is written well says nothing of what could not be read: that is tried again after the rest.
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
            // The file was replaced, and its connections closed, in the middle of this.
            throw new StoreException(_path, StoreFault.Damaged, error.Message, error);
        }
    }

    /// <summary>Opens a connection. Only within <see cref="Use"/>.</summary>
    /// <param name="forWriting">Whether it may wait for another writer as long as no mail waits for it.</param>
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

    /// <summary>
    /// Looks whether the file is still there: what is written into one that somebody has removed is gone at the next start.
    /// </summary>
    public void Check()
    {
        if (_health is not null && _isReady && !File.Exists(_path))
        {
            Note(new(_path, StoreFault.Damaged, "the file is gone", null), Generation, isWrite: false);
        }
        else if (_health is not null && !_isReady && !_health.Rests)
        {
            _ = TryPrepare(out _);
        }
    }

    // The rest is for those whose mail waits for an answer. Who writes gathers what he has, and would lose it.
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
            // Who finds the damage later than others finds the new file.
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

    // Within the gate.
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
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this project come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
