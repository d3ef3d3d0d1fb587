namespace Backstop.Judging.Tables;

/// <summary>Where a table's answers come from: a database, or a server.</summary>
internal interface IAddressSource
{
    /// <summary>Looks an address up.</summary>
    /// <param name="key">The key of the address, or <c>@domain</c>.</param>
    /// <param name="ct">Ends the lookup.</param>
    /// <returns>The addresses that it leads to, as text; null if it is not there.</returns>
    /// <exception cref="Exception">There is no answer, for whatever reason.</exception>
    Task<string?> FindAsync(string key, CancellationToken ct);
}
