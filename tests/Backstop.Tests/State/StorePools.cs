using Microsoft.Data.Sqlite;

namespace Backstop.Tests.State;

/// <summary>Closes what the binding keeps open of one file: it would hide what a test does to it. Those of other tests stay.</summary>
internal static class StorePools
{
    public static void Clear(string path)
    {
        foreach (var seconds in (int[])[1, 10])
        {
            using var any = new SqliteConnection(
                new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = seconds, Pooling = true }.ToString());
            SqliteConnection.ClearPool(any);
        }
    }
}
