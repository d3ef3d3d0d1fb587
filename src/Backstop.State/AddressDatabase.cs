using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Backstop.State;

/// <summary>
/// Addresses in an SQLite database of somebody else's: read only, by one query, within a time limit. The address is always a parameter.
/// The file is opened for each lookup, so that one that was replaced is read at once.
/// </summary>
/// <param name="path">The database file.</param>
/// <param name="query">The query, with $address, $user and $domain; the first column of its rows has the result.</param>
/// <param name="limit">How long one lookup may take.</param>
/// <param name="time">The clock.</param>
public sealed class AddressDatabase(string path, string query, TimeSpan limit, TimeProvider time)
{
    private const int MaxRows = 200;
    private const int MaxLength = 100_000;

    private readonly string _connectionString = new SqliteConnectionStringBuilder
    {
        DataSource = path,
        Mode = SqliteOpenMode.ReadOnly,
        Pooling = false,

        // Whole seconds, for a file that somebody has locked; 0 would wait without end.
        DefaultTimeout = Math.Max(1, (int)limit.TotalSeconds),
    }.ToString();

    /// <summary>Checks that the file is a database, and that the query can be asked.</summary>
    /// <returns>What is wrong; null if nothing is.</returns>
    public string? Check()
    {
        try
        {
            Find("nobody@invalid");
            return null;
        }
        catch (Exception error) when (error is TimeoutException
            || error is SqliteException { SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED })
        {
            // It is used by somebody now: a lookup will say so if it stays so.
            return null;
        }
        catch (Exception error) when (error is DbException or InvalidOperationException or InvalidDataException)
        {
            return error.Message;
        }
    }

    /// <summary>Looks an address up.</summary>
    /// <param name="address">The address, or <c>@domain</c>.</param>
    /// <returns>The first columns of all rows, with commas between; null for none.</returns>
    /// <exception cref="DbException">The file cannot be read, or the query is wrong.</exception>
    /// <exception cref="TimeoutException">There was no answer within the time limit.</exception>
    /// <exception cref="InvalidDataException">The answer is too long.</exception>
    public string? Find(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using var late = new CancellationTokenSource(limit, time);
        using var stop = late.Token.Register(() => raw.sqlite3_interrupt(connection.Handle!));
        try
        {
            return Find(connection, address);
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            throw new TimeoutException($"no answer within {limit.TotalSeconds:0.###} s", error);
        }
    }

    private string? Find(SqliteConnection connection, string address)
    {
        var at = address.LastIndexOf('@');
        using var command = connection.Command(query);
        command.Parameters.AddWithValue("$address", address);
        command.Parameters.AddWithValue("$user", at < 0 ? address : address[..at]);
        command.Parameters.AddWithValue("$domain", at < 0 ? "" : address[(at + 1)..]);
        using var reader = command.ExecuteReader();
        var found = new List<string>();
        for (var length = 0; reader.Read();)
        {
            // NULL counts as if the row were missing.
            if (reader.IsDBNull(0))
            {
                continue;
            }

            var value = reader.GetString(0);
            length += value.Length;
            if (found.Count == MaxRows || length > MaxLength)
            {
                throw new InvalidDataException($"the query answers {address} with more than {MaxRows} rows or {MaxLength} characters");
            }

            found.Add(value);
        }

        return found.Count == 0 ? null : string.Join(", ", found);
    }
}
