using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>Remembers for each mailbox which senders and domains have written to it before, and since when.</summary>
/// <remarks>
/// New senders gather in memory and are written at intervals: losing the last minute does no harm. Memory and table are
/// bounded.
/// </remarks>
public sealed class Correspondents : IDisposable
{
    private const int MaxWaiting = 50_000;
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS correspondent (mailbox TEXT NOT NULL, who TEXT NOT NULL,
            first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
            PRIMARY KEY (mailbox, who)) WITHOUT ROWID;
        """;

    // As long as the journal keeps a recipient: a correspondent has written again by then.
    private static readonly TimeSpan _missedFor = TimeSpan.FromDays(14);

    private readonly StateFile _file;
    private readonly StoreHealth? _health;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<(string Mailbox, string Who), (long First, long Last)> _waiting = new();
    private readonly Lock _gate = new();
    private SqliteConnection? _reader;
    private SqliteCommand? _find;
    private int _generation;

    /// <summary>Opens the table, and creates it if it is missing.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Lets a server run while the table is unusable: every method but <see cref="Note"/> then
    /// throws <see cref="StoreException"/>. Null: the constructor throws instead.</param>
    /// <exception cref="StoreException">The table is unusable and <paramref name="health"/> is null.</exception>
    public Correspondents(string path, TimeProvider time, StoreHealth? health = null)
    {
        _health = health;
        _file = new(path, Schema, health);
        _time = time;
    }

    /// <summary>Whether the table was replaced lately by an empty one, so that known senders are missing.</summary>
    public bool IsLost => _health?.IsLost(_missedFor) == true;

    /// <summary>Checks whether the file still exists, and retries an unusable one. To be called every few seconds.</summary>
    public void Check() => _file.Check();

    /// <summary>Whether a sender had written to the mailbox before a time.</summary>
    /// <param name="mailbox">The mailbox's own address, as a key.</param>
    /// <param name="who">An address as a key, or <c>@</c> and a domain.</param>
    /// <param name="before">The time.</param>
    public bool Knew(string mailbox, string who, DateTimeOffset before)
    {
        if (_waiting.TryGetValue((mailbox, who), out var seen) && seen.First < before.ToUnixTimeSeconds())
        {
            return true;
        }

        lock (_gate)
        {
            return _file.Use(isWrite: false, () =>
            {
                var find = Find();
                find.Parameters[0].Value = mailbox;
                find.Parameters[1].Value = who;
                return find.ExecuteScalar() is long first && first < before.ToUnixTimeSeconds();
            });
        }
    }

    /// <summary>Records that a sender's mail was delivered to the inbox.</summary>
    /// <param name="mailbox">The mailbox's own address, as a key.</param>
    /// <param name="who">An address as a key, or <c>@</c> and a domain.</param>
    public void Note(string mailbox, string who)
    {
        if (_waiting.Count < MaxWaiting)
        {
            var now = _time.GetUtcNow().ToUnixTimeSeconds();
            _waiting.AddOrUpdate((mailbox, who), (now, now), (_, s) => (s.First, now));
        }
    }

    /// <summary>Writes the new senders to the table.</summary>
    /// <exception cref="DbException">They could not be written; the next call tries again.</exception>
    public void Write()
    {
        var batch = _waiting.ToArray();
        if (batch.Length == 0)
        {
            return;
        }

        _file.Use(isWrite: true, () => WriteAll(batch));
        foreach (var pair in batch)
        {
            // Only if unchanged: a sender recorded meanwhile waits for the next call.
            _waiting.TryRemove(pair);
        }
    }

    private int WriteAll(KeyValuePair<(string Mailbox, string Who), (long First, long Last)>[] batch)
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction();
        using var insert = connection.Command(
            "INSERT INTO correspondent (mailbox, who, first_at, last_at) VALUES ($a, $b, $c, $d) ON CONFLICT DO UPDATE SET last_at = $d",
            transaction).Taking("$a", "$b", "$c", "$d");
        foreach (var ((mailbox, who), (first, last)) in batch)
        {
            insert.Parameters[0].Value = mailbox;
            insert.Parameters[1].Value = who;
            insert.Parameters[2].Value = first;
            insert.Parameters[3].Value = last;
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
        return batch.Length;
    }

    /// <summary>Deletes the senders that have not written for some time.</summary>
    /// <param name="age">The time since their last message.</param>
    public int Forget(TimeSpan age) => _file.Use(isWrite: true, () =>
    {
        using var connection = _file.Open(forWriting: true);
        using var command = connection.Command("DELETE FROM correspondent WHERE last_at < $a")
            .With((_time.GetUtcNow() - age).ToUnixTimeSeconds());
        return command.ExecuteNonQuery();
    });

    /// <summary>Closes the database.</summary>
    public void Dispose()
    {
        _find?.Dispose();
        _reader?.Dispose();
    }

    // The caller holds the lock.
    private SqliteCommand Find()
    {
        if (_find is null || _generation != _file.Generation)
        {
            Dispose();
            _generation = _file.Generation;
            _reader = _file.Open();
            _find = _reader.Command("SELECT first_at FROM correspondent WHERE mailbox = $a AND who = $b").Taking("$a", "$b");
        }

        return _find;
    }
}
