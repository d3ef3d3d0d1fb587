using System.Net;
using DnsClient;

namespace Backstop.Server.Dns;

/// <summary>The name of an address, where the name has the address too: what MTAs write into Received for filters to judge.</summary>
internal sealed class ReverseLookup(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
{
    private readonly LookupClient _client = new(Options(resolvers, timeLimit));

    /// <summary>Null where there is none; empty where DNS does not tell.</summary>
    public async Task<string?> NameAsync(IPAddress address, CancellationToken ct)
    {
        if (IPAddress.IsLoopback(address))
        {
            return "localhost";
        }

        try
        {
            var response = await _client.QueryReverseAsync(address, ct);
            if (response.HasError && response.Header.ResponseCode != DnsHeaderResponseCode.NotExistentDomain)
            {
                return "";
            }

            var names = response.Answers.PtrRecords().Select(r => r.PtrDomainName.Value.TrimEnd('.'));
            foreach (var name in names.Where(n => Mail.MailAddress.IsDomain(n)).Take(4))
            {
                var type = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? QueryType.AAAA : QueryType.A;
                if ((await _client.QueryAsync(name, type, cancellationToken: ct)).Answers.AddressRecords().Any(r => r.Address.Equals(address)))
                {
                    return name;
                }
            }
        }
        catch (Exception error) when (error is DnsResponseException or InvalidOperationException or ArgumentException or System.Net.Sockets.SocketException or OperationCanceledException)
        {
            return "";
        }

        return null;
    }

    private static LookupClientOptions Options(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
    {
        var options = resolvers.Count == 0 ? new LookupClientOptions() : new LookupClientOptions([.. resolvers]);
        options.Retries = 0;
        options.Timeout = timeLimit;
        options.ThrowDnsErrors = false;
        return options;
    }
}
