using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>A database file that others may use at the same time: WAL, and whoever finds it busy waits.</summary>
internal sealed class StateFile
{
    private readonly string _connectionString;

    /// <summary>Makes the file where there is none. Whom somebody writes to is nobody else's business: its folder is its owner's.</summary>
    /// <param name="path">Where.</param>
    /// <param name="schema">Makes what is not there.</param>
    public StateFile(string path, string schema)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 }.ToString();
        using var connection = Open();
        Execute(connection, "PRAGMA journal_mode = WAL");
        Execute(connection, schema);
    }

    public SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        Execute(connection, "PRAGMA synchronous = NORMAL");
        return connection;
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
