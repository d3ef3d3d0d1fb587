using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>Parses networks, and gives the network that a host is counted in.</summary>
internal static class Networks
{
    /// <summary>Parses an address or a network such as <c>192.0.2.0/24</c>; null if the text is neither.</summary>
    /// <param name="text">As a configuration or a form has it.</param>
    public static IPNetwork? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

    /// <summary>
    /// Returns an address with all but its first octets set to zero. An IPv4 address mapped into IPv6 counts as IPv4: all of those
    /// begin alike.
    /// </summary>
    /// <param name="address">An IPv4 or IPv6 address.</param>
    /// <param name="ipv4">How many octets to keep of an IPv4 address.</param>
    /// <param name="ipv6">How many octets to keep of an IPv6 address.</param>
    public static IPAddress Front(IPAddress address, int ipv4, int ipv6)
    {
        var octets = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        octets.AsSpan(octets.Length == 4 ? ipv4 : ipv6).Clear();
        return new(octets);
    }

    /// <summary>
    /// Returns the network that a host is counted in: IPv4 by its first 16 bits, IPv6 by its first 32. A text that is
    /// not an address is returned unchanged.
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
