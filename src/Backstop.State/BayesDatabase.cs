using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>
/// The spam learner's memory: how often each token was seen in spam and ham, in memory and in SQLite. The command line
/// may learn while a server reads; the server loads the changes within <see cref="RefreshAfter"/>.
/// </summary>
/// <remarks>
/// Invariant: every count in memory is in the database too. Beyond <see cref="MaxTokens"/> the tokens unseen for the
/// longest time are deleted.
/// </remarks>
public sealed class BayesDatabase : IDisposable
{
    /// <summary>The most tokens kept, as in SpamAssassin.</summary>
    public const int MaxTokens = 150_000;

    /// <summary>How soon the changes of another process are loaded.</summary>
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

    /// <summary>Opens the database, and creates it if it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Lets a server run while the database is unusable: reading then finds nothing and learning
    /// throws. Null: the constructor throws instead.</param>
    /// <exception cref="StoreException">The database is unusable and <paramref name="health"/> is null.</exception>
    public BayesDatabase(string path, TimeProvider time, StoreHealth? health = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _mayBeWithout = health is not null;
        _file = new(path, Schema, health, isPooled: false);
        Refresh();
    }

    /// <summary>Checks whether the file still exists, and retries an unusable one. To be called every few seconds.</summary>
    public void Check() => _file.Check();

    /// <summary>The number of messages learned as spam and as ham.</summary>
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

    /// <summary>The number of known tokens.</summary>
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

    /// <summary>Looks up the counts of tokens; zero for unknown ones.</summary>
    /// <param name="tokens">Their numbers.</param>
    /// <param name="found">Called with each index into <paramref name="tokens"/> and its counts.</param>
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

    /// <summary>Learns a message; if it was learned as the other kind, it is forgotten first.</summary>
    /// <param name="message">Identifies the message.</param>
    /// <param name="isSpam">Whether it is spam; otherwise ham.</param>
    /// <param name="tokens">The numbers of its tokens, each once.</param>
    /// <returns>False if the message was learned as this kind before.</returns>
    public bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens) => Change(message, isSpam, tokens);

    /// <summary>Reverses what was learned from a message.</summary>
    /// <param name="message">As for <see cref="Learn"/>.</param>
    /// <param name="tokens">The numbers of its tokens, each once.</param>
    /// <returns>False if the message was never learned.</returns>
    public bool Forget(string message, IReadOnlyCollection<long> tokens) => Change(message, null, tokens);

    /// <inheritdoc/>
    public void Dispose() => _open?.Dispose();

    /// <summary>Learns or forgets many messages in one transaction: all, or none.</summary>
    /// <param name="messages">For each: its identifier, its kind (true for spam, false for ham, null to forget it) and its
    /// tokens.</param>
    /// <returns>How many changed something.</returns>
    public int Change(IReadOnlyList<(string Message, bool? IsSpam, IReadOnlyCollection<long> Tokens)> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        lock (_gate)
        {
            return _file.Use(isWrite: true, () => ChangeNow(messages));
        }
    }

    private bool Change(string message, bool? isSpam, IReadOnlyCollection<long> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return Change([(message, isSpam, tokens)]) > 0;
    }

    private int ChangeNow(IReadOnlyList<(string Message, bool? IsSpam, IReadOnlyCollection<long> Tokens)> messages)
    {
        using var transaction = Connection().BeginTransaction();
        if (DataVersion(transaction) != _version)
        {
            Reload(transaction);
        }

        using var known = Command(transaction, "SELECT spam FROM learned WHERE message = $a", "");
        var kinds = new Dictionary<string, bool?>(StringComparer.Ordinal);
        var changes = new Dictionary<long, (int Spam, int Ham)>();
        var (changed, spamMessages, hamMessages) = (0, 0, 0);
        foreach (var (message, isSpam, tokens) in messages)
        {
            var before = kinds.TryGetValue(message, out var learned) ? learned : Known(message, known);
            if (before == isSpam)
            {
                continue;
            }

            changed++;
            kinds[message] = isSpam;
            Add(before, -1, tokens);
            Add(isSpam, 1, tokens);
        }

        if (changed == 0)
        {
            return 0;
        }

        // Whatever fails from here on: the next look reads the table anew.
        var version = _version;
        _version = -1;
        var counts = Counted(changes);
        Write(counts);
        Run(
            transaction, "UPDATE total SET spam = MAX(0, spam + $a), ham = MAX(0, ham + $b)", spamMessages, hamMessages);
        Note(kinds, transaction);
        var isShortened = Expire(counts, transaction);
        transaction.Commit();
        _version = version;
        Keep(counts, isShortened);
        return changed;

        void Add(bool? isSpam, int by, IReadOnlyCollection<long> tokens)
        {
            if (isSpam is not { } kind)
            {
                return;
            }

            var (spam, ham) = kind ? (by, 0) : (0, by);
            spamMessages += spam;
            hamMessages += ham;
            foreach (var token in tokens)
            {
                ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(changes, token, out _);
                change = (change.Spam + spam, change.Ham + ham);
            }
        }
    }

    /// <summary>
    /// The counts behind a change, in the order of the table: neighbours are in one page. Those in memory are those in the database,
    /// for the transaction keeps other processes from writing.
    /// </summary>
    private (long Token, int Spam, int Ham)[] Counted(Dictionary<long, (int Spam, int Ham)> changes)
    {
        var counts = new (long Token, int Spam, int Ham)[changes.Count];
        var i = 0;
        foreach (var (token, change) in changes)
        {
            var (spam, ham) = _tokens.GetValueOrDefault(token);
            counts[i++] = (token, Math.Max(0, spam + change.Spam), Math.Max(0, ham + change.Ham));
        }

        Array.Sort(counts, static (a, b) => a.Token.CompareTo(b.Token));
        return counts;
    }

    private void Write((long Token, int Spam, int Ham)[] counts)
    {
        var now = Now();
        using var set = new RowStatement(
            Connection(),
            "INSERT INTO token VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET spam = excluded.spam, ham = excluded.ham, "
                + "seen_at = MAX(seen_at, excluded.seen_at)");
        using var delete = new RowStatement(Connection(), "DELETE FROM token WHERE id = ?");
        foreach (var (token, spam, ham) in counts)
        {
            if (spam + ham > 0)
            {
                set.Run(token, spam, ham, now);
            }
            else
            {
                delete.Run(token);
            }
        }
    }

    /// <summary>Behind the transaction: what is in the database is in memory too.</summary>
    private void Keep((long Token, int Spam, int Ham)[] counts, bool isShortened)
    {
        if (isShortened)
        {
            Reload();
            return;
        }

        foreach (var (token, spam, ham) in counts)
        {
            if (spam + ham > 0)
            {
                _tokens[token] = (spam, ham);
            }
            else
            {
                _tokens.Remove(token);
            }
        }

        ReloadTotals();
    }

    private void Note(Dictionary<string, bool?> kinds, SqliteTransaction transaction)
    {
        var now = Now();
        using var set = Command(
            transaction,
            "INSERT INTO learned VALUES ($a, $b, $c) ON CONFLICT DO UPDATE SET spam = excluded.spam, learned_at = excluded.learned_at",
            "", 0, now);
        using var delete = Command(transaction, "DELETE FROM learned WHERE message = $a", "");
        foreach (var (message, isSpam) in kinds)
        {
            var command = isSpam is null ? delete : set;
            command.Parameters[0].Value = message;
            if (isSpam is { } kind)
            {
                command.Parameters[1].Value = kind ? 1 : 0;
            }

            command.ExecuteNonQuery();
        }
    }

    private static bool? Known(string message, SqliteCommand known)
    {
        known.Parameters[0].Value = message;
        return known.ExecuteScalar() is long spam ? spam != 0 : null;
    }

    /// <summary>Deletes a quarter of the tokens at once, so that this is rarely necessary.</summary>
    /// <returns>Whether it deleted any.</returns>
    private bool Expire((long Token, int Spam, int Ham)[] counts, SqliteTransaction transaction)
    {
        // Counting reads the whole table: only where memory and the change together may be too many.
        if (_tokens.Count + counts.Length <= MaxTokens || _tokens.Count + counts.Count(c => !_tokens.ContainsKey(c.Token)) <= MaxTokens
            || Stored(transaction) is not (> MaxTokens and var stored))
        {
            return false;
        }

        Run(
            transaction, "DELETE FROM token WHERE id IN (SELECT id FROM token ORDER BY seen_at LIMIT $a)", stored - (MaxTokens * 3 / 4));
        return true;
    }

    private long Stored(SqliteTransaction transaction)
    {
        using var command = Command(transaction, "SELECT COUNT(*) FROM token");
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Loads the changes of other processes, but not on every call.</summary>
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
            // The counts in memory are still valid, unless the file was replaced by a new one.
        }
    }

    // The caller holds the lock.
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

    private long DataVersion(SqliteTransaction? transaction = null)
    {
        using var command = Command(transaction, "PRAGMA data_version");
        return (long)command.ExecuteScalar()!;
    }

    private void Reload(SqliteTransaction? transaction = null)
    {
        _version = DataVersion(transaction);
        var tokens = new Dictionary<long, (int, int)>();
        using var command = Command(transaction, "SELECT id, spam, ham FROM token");
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                tokens[reader.GetInt64(0)] = (reader.GetInt32(1), reader.GetInt32(2));
            }
        }

        _tokens = tokens;
        ReloadTotals(transaction);
    }

    private void ReloadTotals(SqliteTransaction? transaction = null)
    {
        using var command = Command(transaction, "SELECT spam, ham FROM total");
        using var reader = command.ExecuteReader();
        reader.Read();
        _messages = (reader.GetInt32(0), reader.GetInt32(1));
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeSeconds();

    private void Run(SqliteTransaction transaction, string sql, params ReadOnlySpan<object> values)
    {
        using var command = Command(transaction, sql, values);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(SqliteTransaction? transaction, string sql, params ReadOnlySpan<object> values) =>
        Connection().Command(sql, transaction).With(values);
}
