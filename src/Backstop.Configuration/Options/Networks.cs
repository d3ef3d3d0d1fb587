using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>Networks as people write them, and as hosts are counted by them.</summary>
internal static class Networks
{
    /// <summary>An address or a network such as <c>192.0.2.0/24</c>; null for neither.</summary>
    /// <param name="text">As written.</param>
    public static IPNetwork? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

    /// <summary>An address of which only the first octets count.</summary>
    /// <param name="address">The address.</param>
    /// <param name="ipv4">How many of an IPv4 address.</param>
    /// <param name="ipv6">How many of an IPv6 address.</param>
    public static IPAddress Front(IPAddress address, int ipv4, int ipv6)
    {
        var octets = address.GetAddressBytes();
        octets.AsSpan(octets.Length == 4 ? ipv4 : ipv6).Clear();
        return new(octets);
    }

    /// <summary>
    /// The network that a host is counted in, as the tables of address space count: IPv4 by its first 16 bits, IPv6 by its first
    /// 32. What is no address is itself.
    /// </summary>
    /// <param name="host">An address.</param>
    public static string Around(string host)
    {
        var octets = IPAddress.TryParse(host, out var address) ? address.GetAddressBytes() : [];
        return octets.Length switch
        {
            4 => $"{octets[0]}.{octets[1]}.0.0/16",
            16 => new IPAddress([.. octets[..4], .. new byte[12]]) + "/32",
            _ => host,
        };
    }
}
