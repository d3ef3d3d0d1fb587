using System.Net;
using System.Net.Sockets;
using Backstop.Mail;
using Backstop.MailAuth.Dnsbl;
using DnsClient;
using DnsClient.Protocol;

namespace Backstop.Server.Net;

/// <summary>
/// Finds the name of an address that itself resolves to that address. MTAs write it into Received, and filters use it.
/// </summary>
internal sealed class ReverseLookup(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
{
    // A short time, so that a wrong answer of a resolver is not used for as long as its TTL says.
    private readonly DnsQuestions _dns = new(resolvers, timeLimit, retries: 0, cacheFor: TimeSpan.FromMinutes(5));

    /// <summary>Returns the name; null where there is none; empty where DNS gives no answer.</summary>
    public async Task<string?> NameAsync(IPAddress address, CancellationToken ct)
    {
        if (IPAddress.IsLoopback(address))
        {
            return "localhost";
        }

        try
        {
            var names = (await _dns.AskAsync(address.GetArpaName(), QueryType.PTR, ct)).OfType<PtrRecord>()
                .Select(r => r.PtrDomainName.Value.TrimEnd('.'));
            foreach (var name in names.Where(n => MailAddress.IsDomain(n)).Take(4))
            {
                var type = address.AddressFamily == AddressFamily.InterNetworkV6 ? QueryType.AAAA : QueryType.A;
                if ((await _dns.AskAsync(name, type, ct)).OfType<AddressRecord>().Any(r => r.Address.Equals(address)))
                {
                    return name;
                }
            }
        }
        catch (Exception error) when (error is DnsLookupException or OperationCanceledException)
        {
            return "";
        }

        return null;
    }
}
