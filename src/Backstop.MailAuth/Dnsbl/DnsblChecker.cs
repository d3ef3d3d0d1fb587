using System.Net;

namespace Backstop.MailAuth.Dnsbl;

/// <summary>Asks any number of lists side by side.</summary>
/// <param name="zones">The lists, the most trusted first.</param>
public sealed class DnsblChecker(IReadOnlyList<DnsblZone> zones)
{
    /// <summary>The lists, in the order in which they are believed.</summary>
    public IReadOnlyList<DnsblZone> Zones => zones;

    /// <summary>The zone of the first list, in their order, that has an address; null for none, and where no list answers.</summary>
    /// <param name="address">The client.</param>
    /// <param name="ct">Ends the wait.</param>
    public async ValueTask<string?> FindAsync(IPAddress address, CancellationToken ct)
    {
        // All asked before any is awaited. One list, the usual case, costs no allocation when it has the answer at hand.
        if (zones.Count == 1)
        {
            return await zones[0].IsListedAsync(address, ct) ? zones[0].Name : null;
        }

        var answers = await Task.WhenAll(zones.Select(z => z.IsListedAsync(address, ct).AsTask()));
        var first = Array.IndexOf(answers, true);
        return first < 0 ? null : zones[first].Name;
    }

    /// <summary>Looks at the test points of every list (RFC 5782 §5). Never throws for trouble with DNS.</summary>
    /// <param name="ct">Ends the wait.</param>
    public Task TestAsync(CancellationToken ct) => Task.WhenAll(zones.Select(z => z.TestAsync(ct)));
}
