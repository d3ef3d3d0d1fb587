using System.Net;

namespace Backstop.MailAuth.Dnsbl;

/// <summary>Looks up a client in several lists at once.</summary>
/// <param name="zones">The lists, the most trusted first.</param>
public sealed class DnsblChecker(IReadOnlyList<DnsblZone> zones)
{
    /// <summary>The lists, the most trusted first.</summary>
    public IReadOnlyList<DnsblZone> Zones => zones;

    /// <summary>
    /// Returns the zone of the first list that has the address; null if none has it. A list that does not answer counts
    /// as not having it.
    /// </summary>
    /// <param name="address">The client.</param>
    /// <param name="ct">Cancels the lookups.</param>
    public async ValueTask<string?> FindAsync(IPAddress address, CancellationToken ct)
    {
        // All lists are asked before any is awaited. A single list with a cached answer, the usual case, allocates
        // nothing.
        if (zones.Count == 1)
        {
            return await zones[0].IsListedAsync(address, ct) ? zones[0].Name : null;
        }

        var answers = await Task.WhenAll(zones.Select(z => z.IsListedAsync(address, ct).AsTask()));
        var first = Array.IndexOf(answers, true);
        return first < 0 ? null : zones[first].Name;
    }

    /// <summary>Checks the test points of every list (RFC 5782 §5). Never throws when DNS fails.</summary>
    /// <param name="ct">Cancels the check.</param>
    public Task TestAsync(CancellationToken ct) => Task.WhenAll(zones.Select(z => z.TestAsync(ct)));

    /// <summary>Checks the test points of the lists that gave no answer, so that they are used soon after DNS works again.</summary>
    /// <param name="ct">Cancels the check.</param>
    internal Task TestSilentAsync(CancellationToken ct) => Task.WhenAll(zones.Where(z => z.IsSilent).Select(z => z.TestAsync(ct)));
}
