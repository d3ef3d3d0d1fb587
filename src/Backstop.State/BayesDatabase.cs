using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>
/// What the spam learner has seen: counts of tokens in memory, and in SQLite so that they outlive the process. The command line may
/// teach while a server reads: the server takes its changes over within <see cref="RefreshAfter"/>.
/// </summary>
/// <remarks>
/// Invariant: memory holds no count that is not in the database. Beyond <see cref="MaxTokens"/> those unseen longest are forgotten.
/// </remarks>
public sealed class BayesDatabase : IDisposable
{
    /// <summary>Tokens kept; SpamAssassin keeps as many.</summary>
    public const int MaxTokens = 150_000;

    /// <summary>How soon another process's lessons are seen.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(5);

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS token (id INTEGER PRIMARY KEY, spam INTEGER NOT NULL, ham INTEGER NOT NULL, seen_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS learned (message TEXT PRIMARY KEY, spam INTEGER NOT NULL, learned_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY CHECK (one = 1), spam INTEGER NOT NULL, ham INTEGER NOT NULL);
        INSERT OR IGNORE INTO total VALUES (1, 0, 0);
        """;

    private readonly StateFile _file;
    private readonly bool _mayBeWithout;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private Dictionary<long, (int Spam, int Ham)> _tokens = [];
    private (int Spam, int Ham) _messages;
    private SqliteConnection? _open;
    private int _generation;
    private long _version = -1;
    private long _checkedAt;

    /// <summary>Opens the database, making it where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Keeps a server going where the database cannot be used; null to throw. Then nothing is known, and
    /// learning throws.</param>
    /// <exception cref="StoreException">It cannot be used; never with a <paramref name="health"/>.</exception>
    public BayesDatabase(string path, TimeProvider time, StoreHealth? health = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _mayBeWithout = health is not null;
        _file = new(path, Schema, health, isPooled: false);
        Refresh();
    }

    /// <summary>Looks whether the file is still there, and whether one that could not be used can be. Called every few seconds.</summary>
    public void Check() => _file.Check();

    /// <summary>How many messages were learned, spam and ham.</summary>
    public (int Spam, int Ham) Messages
    {
        get
        {
            lock (_gate)
            {
                Refresh();
                return _messages;
            }
        }
    }

    /// <summary>How many tokens are known.</summary>
    public int Tokens
    {
        get
        {
            lock (_gate)
            {
                return _tokens.Count;
            }
        }
    }

    /// <summary>Counts of tokens; zero for those never seen.</summary>
    /// <param name="tokens">Their numbers.</param>
    /// <param name="found">Takes each place in <paramref name="tokens"/> with its counts.</param>
    public void Find(ReadOnlySpan<long> tokens, Action<int, int, int> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        lock (_gate)
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                var (spam, ham) = _tokens.GetValueOrDefault(tokens[i]);
                found(i, spam, ham);
            }
        }
    }

    /// <summary>Learns a message; one learned as the other kind is forgotten first.</summary>
    /// <param name="message">What tells it from others.</param>
    /// <param name="isSpam">Its kind.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <returns>False when it was learned so before.</returns>
    public bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens) => Change(message, isSpam, tokens);

    /// <summary>Takes back what was learned of a message.</summary>
    /// <param name="message">As for <see cref="Learn"/>.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <returns>False when it was never learned.</returns>
    public bool Forget(string message, IReadOnlyCollection<long> tokens) => Change(message, null, tokens);

    /// <inheritdoc/>
    public void Dispose() => _open?.Dispose();

    private bool Change(string message, bool? isSpam, IReadOnlyCollection<long> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        lock (_gate)
        {
            return _file.Use(isWrite: true, () => ChangeNow(message, isSpam, tokens));
        }
    }

    private bool ChangeNow(string message, bool? isSpam, IReadOnlyCollection<long> tokens)
    {
        using var transaction = Connection().BeginTransaction();
        var before = Known(message, transaction);
        if (before == isSpam)
        {
            return false;
        }

        if (before is { } was)
        {
            Count(was, tokens, -1, transaction);
        }

        if (isSpam is { } now)
        {
            Count(now, tokens, 1, transaction);
            Run(
                transaction,
                "INSERT INTO learned VALUES ($a, $b, $c) ON CONFLICT DO UPDATE SET spam = excluded.spam, learned_at = excluded.learned_at",
                message, now ? 1 : 0, Now());
        }
        else
        {
            Run(transaction, "DELETE FROM learned WHERE message = $a", message);
        }

        Expire(transaction);
        transaction.Commit();
        Reload(tokens);
        return true;
    }

    private bool? Known(string message, SqliteTransaction transaction)
    {
        using var command = Command(transaction, "SELECT spam FROM learned WHERE message = $a", message);
        return command.ExecuteScalar() is long spam ? spam != 0 : null;
    }

    private void Count(bool isSpam, IReadOnlyCollection<long> tokens, int by, SqliteTransaction transaction)
    {
        var column = isSpam ? "spam" : "ham";
        using var command = Command(
            transaction,
            $"INSERT INTO token VALUES ($a, {(isSpam ? "MAX(0, $b), 0" : "0, MAX(0, $b)")}, $c) ON CONFLICT DO UPDATE SET {column} = "
                + $"MAX(0, {column} + $b), seen_at = MAX(seen_at, $c)",
            0L, by, Now());
        foreach (var token in tokens)
        {
            command.Parameters[0].Value = token;
            command.ExecuteNonQuery();
        }

        Run(transaction, $"UPDATE total SET {column} = MAX(0, {column} + $a)", by);
    }

    /// <summary>A quarter goes at once, so that it is seldom.</summary>
    private void Expire(SqliteTransaction transaction)
    {
        Run(transaction, "DELETE FROM token WHERE spam = 0 AND ham = 0");
        if (_tokens.Count > MaxTokens)
        {
            Run(
                transaction, "DELETE FROM token WHERE id IN (SELECT id FROM token ORDER BY seen_at LIMIT $a)",
                _tokens.Count - (MaxTokens * 3 / 4));
            _version = -1;
        }
    }

    /// <summary>Sees after the other processes' changes, but not at every question.</summary>
    private void Refresh()
    {
        var now = _time.GetTimestamp();
        if (_checkedAt != 0 && _time.GetElapsedTime(_checkedAt, now) < RefreshAfter)
        {
            return;
        }

        _checkedAt = now;
        try
        {
            _file.Use(isWrite: false, () =>
            {
                if (_generation != _file.Generation || DataVersion() != _version)
                {
                    Reload();
                }

                return true;
            });
        }
        catch (StoreException) when (_mayBeWithout)
        {
            // What memory holds is as good as before; of a new file nothing is known.
        }
    }

    // Within the gate.
    private SqliteConnection Connection()
    {
        if (_open is null || _generation != _file.Generation)
        {
            _open?.Dispose();
            _open = null;
            _generation = _file.Generation;
            (_tokens, _messages, _version) = ([], default, -1);
            _open = _file.Open();
        }

        return _open;
    }

    private long DataVersion()
    {
        using var command = Command(null, "PRAGMA data_version");
        return (long)command.ExecuteScalar()!;
    }

    private void Reload()
    {
        _version = DataVersion();
        var tokens = new Dictionary<long, (int, int)>();
        using var command = Command(null, "SELECT id, spam, ham FROM token");
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                tokens[reader.GetInt64(0)] = (reader.GetInt32(1), reader.GetInt32(2));
            }
        }

        _tokens = tokens;
        ReloadTotals();
    }

    /// <summary>After a change of our own only its tokens are read again.</summary>
    private void Reload(IReadOnlyCollection<long> changed)
    {
        if (_version < 0)
        {
            Reload();
            return;
        }

        using var command = Command(null, "SELECT spam, ham FROM token WHERE id = $a", 0L);
        foreach (var token in changed)
        {
            command.Parameters[0].Value = token;
            using var reader = command.ExecuteReader();
            if (reader.Read())
            {
                _tokens[token] = (reader.GetInt32(0), reader.GetInt32(1));
            }
            else
            {
                _tokens.Remove(token);
            }
        }

        ReloadTotals();
    }

    private void ReloadTotals()
    {
        using var command = Command(null, "SELECT spam, ham FROM total");
        using var reader = command.ExecuteReader();
        reader.Read();
        _messages = (reader.GetInt32(0), reader.GetInt32(1));
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeSeconds();

    private void Run(SqliteTransaction transaction, string sql, params object[] values)
    {
        using var command = Command(transaction, sql, values);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(SqliteTransaction? transaction, string sql, params object[] values)
    {
        var command = Connection().CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // every statement is a constant of this file; values are parameters
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${(char)('a' + i)}", values[i]);
        }

        return command;
    }
}
