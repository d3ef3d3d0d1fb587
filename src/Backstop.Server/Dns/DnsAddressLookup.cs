using System.Net;
using Backstop.MailAuth.Dnsbl;
using DnsClient;

namespace Backstop.Server.Dns;

/// <summary>Asks DNS for addresses. Answers are kept by the lists themselves: DnsClient's cache forgets that a name does not exist.</summary>
internal sealed class DnsAddressLookup(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
{
    private readonly LookupClient _client = new(Options(resolvers, timeLimit));

    public async Task<IReadOnlyList<IPAddress>> LookupAsync(string name, CancellationToken ct)
    {
        try
        {
            var response = await _client.QueryAsync(name, QueryType.A, cancellationToken: ct);
            if (response.HasError && response.Header.ResponseCode != DnsHeaderResponseCode.NotExistentDomain)
            {
                throw new DnsLookupException($"{name}: {response.ErrorMessage}");
            }

            return [.. response.Answers.ARecords().Select(a => a.Address)];
        }
        catch (Exception error) when (error is DnsResponseException or InvalidOperationException or ArgumentException or System.Net.Sockets.SocketException)
        {
            // Whatever is wrong with DNS here, even that no server is configured: the list has not answered.
            throw new DnsLookupException($"{name}: {error.Message}", error);
        }
    }

    private static LookupClientOptions Options(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit)
    {
        var options = resolvers.Count == 0 ? new LookupClientOptions() : new LookupClientOptions([.. resolvers]);
        options.UseCache = false;
        options.Retries = 1;
        options.Timeout = timeLimit;
        options.ThrowDnsErrors = false;
        return options;
    }
}
