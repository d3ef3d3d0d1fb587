using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Backstop.State;

/// <summary>
/// A statement that is run once for each of many rows of numbers. <see cref="SqliteCommand"/> finds its parameters by name and makes a
/// reader for each run, which takes longer than the row.
/// </summary>
internal sealed class RowStatement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;

    /// <summary>Prepares a statement.</summary>
    /// <param name="connection">An open connection. The statement is part of its transaction, and is disposed of before it.</param>
    /// <param name="sql">A constant text; its parameters are numbered from 1.</param>
    /// <exception cref="SqliteException">The statement cannot be prepared, because the database is damaged or locked.</exception>
    public RowStatement(SqliteConnection connection, string sql)
    {
        _connection = connection.Handle ?? throw new InvalidOperationException("the connection is closed");
        Check(raw.sqlite3_prepare_v2(_connection, sql, out _statement));
    }

    /// <summary>Runs the statement for a row.</summary>
    /// <param name="values">The values of its parameters, in order.</param>
    /// <exception cref="SqliteException">It failed.</exception>
    public void Run(params ReadOnlySpan<long> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            Check(raw.sqlite3_bind_int64(_statement, i + 1, values[i]));
        }

        var result = raw.sqlite3_step(_statement);
        Check(raw.sqlite3_reset(_statement));
        Check(result);
    }

    /// <inheritdoc/>
    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            SqliteException.ThrowExceptionForRC(result, _connection);
        }
    }
}
