using Backstop.Judging.Tables;
using Backstop.State;

namespace Backstop.Server.Tables;

/// <summary>Asks an SQLite database; the thread that asks reads it.</summary>
/// <param name="database">The database, which has a time limit of its own.</param>
internal sealed class DatabaseTable(AddressDatabase database) : IAddressSource
{
    public Task<string?> FindAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return Task.FromResult(database.Find(key));
    }
}
