using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.MailAuth.Dnsbl;

/// <summary>Makes the DNS name for looking up an address in a list: RFC 5782 §2.1 (IPv4) and §2.4 (IPv6).</summary>
internal static class DnsblName
{
    /// <summary>Returns the reversed address followed by the zone.</summary>
    /// <param name="address">An address; an IPv4 address mapped into IPv6 counts as IPv4.</param>
    /// <param name="zone">The list's zone.</param>
    public static string Of(IPAddress address, string zone)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        var bytes = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes[3]}.{bytes[2]}.{bytes[1]}.{bytes[0]}.{zone}");
        }

        var name = new StringBuilder(64 + zone.Length);
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            name.Append(CultureInfo.InvariantCulture, $"{bytes[i] & 15:x}.{bytes[i] >> 4:x}.");
        }

        return name.Append(zone).ToString();
    }

    /// <summary>Whether a public list can contain the address: false for loopback, private and link-local addresses.</summary>
    /// <param name="address">The client.</param>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal && !address.IsIPv6UniqueLocal && !address.IsIPv6SiteLocal
            && address.GetAddressBytes() is not (
            [10, _, _, _] or [172, >= 16 and <= 31, _, _] or [192, 168, _, _] or [169, 254, _, _] or [0, _, _, _]
                or [100, >= 64 and <= 127, _, _]);
    }
}
