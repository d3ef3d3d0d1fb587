using System.Net;
using System.Net.Sockets;
using Backstop.MailAuth.Dnsbl;
using DnsClient;
using DnsClient.Protocol;

namespace Backstop.Server.Net;

/// <summary>What DNS says of hosts and domains.</summary>
/// <param name="resolvers">The resolvers to use; empty for those of the system.</param>
/// <param name="timeLimit">The time limit of one try.</param>
internal sealed class HostNames(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
{
    private readonly DnsQuestions _dns = new(resolvers, timeLimit, retries: 1, cacheFor: TimeSpan.FromMinutes(1));

    /// <summary>Returns the addresses of a host, IPv4 first; none where it has none.</summary>
    /// <exception cref="DnsLookupException">There was no answer.</exception>
    public async Task<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken ct) =>
    [
        .. (await _dns.AskAsync(host, QueryType.A, ct)).OfType<AddressRecord>().Select(r => r.Address),
        .. (await _dns.AskAsync(host, QueryType.AAAA, ct)).OfType<AddressRecord>().Select(r => r.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetworkV6),
    ];

    /// <summary>Returns the names of an address; none where it has none.</summary>
    /// <exception cref="DnsLookupException">There was no answer.</exception>
    public async Task<IReadOnlyList<string>> NamesAsync(IPAddress address, CancellationToken ct) =>
        [.. (await _dns.AskAsync(address.GetArpaName(), QueryType.PTR, ct)).OfType<PtrRecord>()
            .Select(r => r.PtrDomainName.Value.TrimEnd('.'))];

    /// <summary>Returns the TXT records of a name, each in one piece; none where it has none.</summary>
    /// <exception cref="DnsLookupException">There was no answer.</exception>
    public async Task<IReadOnlyList<string>> TextsAsync(string name, CancellationToken ct) =>
        [.. (await _dns.AskAsync(name, QueryType.TXT, ct)).OfType<TxtRecord>().Select(r => string.Concat(r.Text))];

    /// <summary>Returns the hosts that take mail for a domain, the preferred first; none where it has no MX records.</summary>
    /// <exception cref="DnsLookupException">There was no answer.</exception>
    public async Task<IReadOnlyList<string>> MailHostsAsync(string domain, CancellationToken ct) =>
        [.. (await _dns.AskAsync(domain, QueryType.MX, ct)).OfType<MxRecord>().OrderBy(r => r.Preference)
            .Select(r => r.Exchange.Value.TrimEnd('.'))];
}
