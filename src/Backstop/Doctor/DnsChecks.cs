using System.Net;
using Backstop.Configuration.Options;
using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Net;

namespace Backstop.Doctor;

/// <summary>The names of this host and of its domains, as other mail servers see them.</summary>
internal static class DnsChecks
{
    private const int MostDomains = 20;

    /// <summary>Looks at the host's name, at the way back to it, and at the MX records of the domains.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="names">Asks DNS.</param>
    /// <param name="ct">Stops the work.</param>
    public static async Task<IReadOnlyList<Finding>> AskAsync(BackstopOptions options, HostNames names, CancellationToken ct)
    {
        var findings = new List<Finding>();
        try
        {
            await HostAsync(options.Hostname, names, findings, ct);
            foreach (var domain in options.Domains.Take(MostDomains))
            {
                findings.Add(await DomainAsync(domain, options.Hostname, names, ct));
            }
        }
        catch (DnsLookupException error)
        {
            findings.Add(new(
                FindingState.Warn, "dns", $"no answer: {error.Message}",
                "look at /etc/resolv.conf or dnsbl.resolvers; without DNS no list is asked and no client has a name"));
        }

        return findings;
    }

    private static async Task HostAsync(string host, HostNames names, List<Finding> findings, CancellationToken ct)
    {
        var addresses = await names.AddressesAsync(host, ct);
        if (addresses.Count == 0)
        {
            findings.Add(new(
                FindingState.Bad, "dns", $"{host} has no address",
                $"add an A record for {host}, or correct hostname: it is what HELO and MX name"));
            return;
        }

        findings.Add(new(FindingState.Ok, "dns", $"{host} is {string.Join(", ", addresses)}"));
        foreach (var address in addresses.Where(a => !IPAddress.IsLoopback(a)))
        {
            var back = await names.NamesAsync(address, ct);
            var found = back.Count == 0 ? "no name" : string.Join(", ", back);
            findings.Add(back.Contains(host, StringComparer.OrdinalIgnoreCase)
                ? new(FindingState.Ok, "dns", $"{address} leads back to {host}")
                : new(
                    FindingState.Warn, "dns", $"{address} leads back to {found}, not to {host}",
                    "ask who gave you the address for that reverse name (PTR): many servers refuse mail of hosts without it"));
        }
    }

    private static async Task<Finding> DomainAsync(string domain, string host, HostNames names, CancellationToken ct)
    {
        var hosts = await names.MailHostsAsync(domain, ct);
        return hosts.Contains(host, StringComparer.OrdinalIgnoreCase)
            ? new(FindingState.Ok, "dns", $"mail for {domain} comes to {host}")
            : new(
                FindingState.Warn, "dns",
                hosts.Count == 0 ? $"{domain} has no MX record" : $"mail for {domain} goes to {string.Join(", ", hosts)}, not to {host}",
                $"add an MX record for {domain} that names {host}, unless another server takes its mail first and hands it on");
    }
}
