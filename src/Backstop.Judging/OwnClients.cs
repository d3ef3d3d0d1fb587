using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Judging;

/// <summary>Tells servers of our own from strangers.</summary>
internal static class OwnClients
{
    /// <summary>
    /// Whether a client is a server of our own, such as a backup MX. It hands on mail of others, so unwanted mail does
    /// not count against it.
    /// </summary>
    public static bool Has(BackstopOptions options, ClientIdentity client) =>
        client.IsLmtp || IPAddress.IsLoopback(client.Address) || options.Guard.IsServer(client.Address)
        || options.Outbound.Networks.Any(n => n.Contains(client.Address));
}
