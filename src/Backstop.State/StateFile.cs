using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>A database file that others may use at the same time: WAL, and whoever finds it busy waits.</summary>
internal sealed class StateFile
{
    private readonly string _connectionString;

    /// <summary>Makes the file where there is none. Whom somebody writes to is nobody else's business: file and folder are their owner's.</summary>
    /// <param name="path">Where.</param>
    /// <param name="schema">Makes what is not there.</param>
    public StateFile(string path, string schema)
    {
        Make(path);
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 }.ToString();
        using var connection = Open();
        Execute(connection, "PRAGMA journal_mode = WAL");
        Execute(connection, schema);
    }

    /// <summary>
    /// Makes an empty file that only its owner may read, and its folder, where they are not there. SQLite would make one that everybody may; those
    /// it makes beside it follow this one.
    /// </summary>
    /// <param name="path">Where.</param>
    public static void Make(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
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
