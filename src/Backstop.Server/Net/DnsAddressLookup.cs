using System.Net;
using Backstop.MailAuth.Dnsbl;
using DnsClient;
using DnsClient.Protocol;

namespace Backstop.Server.Net;

/// <summary>
/// Looks up addresses in DNS. The lists cache the answers themselves, because DnsClient's cache does not keep that a
/// name does not exist.
/// </summary>
internal sealed class DnsAddressLookup(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
{
    private readonly DnsQuestions _dns = new(resolvers, timeLimit, retries: 1, cacheFor: TimeSpan.Zero);

    /// <summary>Returns the addresses of a name; none where it does not exist.</summary>
    /// <exception cref="DnsLookupException">DNS gave no valid answer.</exception>
    public async Task<IReadOnlyList<IPAddress>> LookupAsync(string name, CancellationToken ct) =>
        [.. (await _dns.AskAsync(name, QueryType.A, ct)).OfType<ARecord>().Select(a => a.Address)];
}
