using System.Data.Common;
using System.Net;

namespace Backstop.State;

/// <summary>What is remembered of a network's mail.</summary>
/// <param name="Network">The network's first address.</param>
/// <param name="What">A digest of the sender's domain, and of the recipient where that counts.</param>
/// <param name="IsPassed">Whether its mail has come again, so that it is deferred no more; else only the first try is known.</param>
/// <param name="At">When its first try was, or its last mail.</param>
public readonly record struct GreylistEntry(IPAddress Network, string What, bool IsPassed, DateTimeOffset At);

/// <summary>The greylist on disk: read once at the start, and written at intervals from then on.</summary>
public sealed class GreylistTable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS greylist (network BLOB NOT NULL, what TEXT NOT NULL, passed INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (network, what, passed)) WITHOUT ROWID;
        """;

    private readonly StateFile _file;

    /// <summary>Opens the table, and creates it if it is missing.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="health">Lets a server run while the table is unusable: every method then throws <see cref="StoreException"/>.
    /// Null: the constructor throws instead.</param>
    /// <exception cref="StoreException">The table is unusable and <paramref name="health"/> is null.</exception>
    public GreylistTable(string path, StoreHealth? health = null) => _file = new(path, Schema, health);

    /// <summary>Checks whether the file still exists, and retries an unusable one. To be called every few seconds.</summary>
    public void Check() => _file.Check();

    /// <summary>Returns the entries of one kind, the latest first.</summary>
    /// <param name="isPassed">Which kind.</param>
    /// <param name="most">The most entries.</param>
    /// <exception cref="DbException">They cannot be read now.</exception>
    public IReadOnlyList<GreylistEntry> Read(bool isPassed, int most) => _file.Use(isWrite: false, () =>
    {
        using var connection = _file.Open();
        using var command = connection.Command("SELECT network, what, at FROM greylist WHERE passed = $a ORDER BY at DESC LIMIT $b")
            .With(isPassed ? 1 : 0, most);
        using var reader = command.ExecuteReader();
        var entries = new List<GreylistEntry>();
        while (reader.Read())
        {
            var network = reader.GetFieldValue<byte[]>(0);
            if (network.Length is 4 or 16)
            {
                entries.Add(new(new(network), reader.GetString(1), isPassed, DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(2))));
            }
        }

        return entries;
    });

    /// <summary>Writes entries, over older ones of the same network.</summary>
    /// <exception cref="DbException">They could not be written.</exception>
    public void Write(IReadOnlyList<GreylistEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (entries.Count > 0)
        {
            _file.Use(isWrite: true, () => WriteAll(entries));
        }
    }

    /// <summary>Deletes what is too old to count.</summary>
    /// <param name="triedBefore">First tries before this time.</param>
    /// <param name="passedBefore">Entries of mail that has come again, if the last was before this time.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="DbException">They could not be deleted.</exception>
    public int Forget(DateTimeOffset triedBefore, DateTimeOffset passedBefore) => _file.Use(isWrite: true, () =>
    {
        using var connection = _file.Open(forWriting: true);
        using var command = connection.Command("DELETE FROM greylist WHERE at < CASE passed WHEN 1 THEN $a ELSE $b END")
            .With(passedBefore.ToUnixTimeSeconds(), triedBefore.ToUnixTimeSeconds());
        return command.ExecuteNonQuery();
    });

    private int WriteAll(IReadOnlyList<GreylistEntry> entries)
    {
        using var connection = _file.Open(forWriting: true);
        using var transaction = connection.BeginTransaction();
        using var insert = connection.Command(
            "INSERT INTO greylist (network, what, passed, at) VALUES ($a, $b, $c, $d) ON CONFLICT DO UPDATE SET at = $d", transaction)
            .Taking("$a", "$b", "$c", "$d");
        foreach (var entry in entries)
        {
            insert.Parameters[0].Value = entry.Network.GetAddressBytes();
            insert.Parameters[1].Value = entry.What;
            insert.Parameters[2].Value = entry.IsPassed ? 1 : 0;
            insert.Parameters[3].Value = entry.At.ToUnixTimeSeconds();
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
        return entries.Count;
    }
}
