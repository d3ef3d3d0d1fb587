using System.Net;
using System.Net.Sockets;

namespace Backstop.SpamRules.Relays;

/// <summary>
/// Networks of a trust setting: CIDR, whole octets (<c>10.1.</c>) or addresses; a <c>!</c> excludes. The first that holds an
/// address decides.
/// </summary>
internal sealed class NetworkSet
{
    private List<(IPNetwork Network, bool Excluded)> _networks = [];

    /// <summary>Returns a set that holds the loopback networks.</summary>
    public static NetworkSet WithLoopback()
    {
        var set = new NetworkSet();
        set.TryAdd("127.0.0.0/8");
        set.TryAdd("::1");
        return set;
    }

    /// <summary>Whether the configuration names any network.</summary>
    public bool IsConfigured { get; set; }

    public NetworkSet Copy() => new() { _networks = [.. _networks], IsConfigured = IsConfigured };

    public bool TryAdd(string text)
    {
        var excluded = text.StartsWith('!');
        var body = excluded ? text[1..].Trim() : text;
        var slash = body.IndexOf('/', StringComparison.Ordinal);
        var address = slash < 0 ? body : body[..slash];
        var prefix = slash < 0 ? "" : body[slash..];
        address = address.Trim('[', ']');
        if (!address.Contains(':', StringComparison.Ordinal))
        {
            var octets = address.Split('.', StringSplitOptions.RemoveEmptyEntries);
            if (octets.Length is 0 or > 4)
            {
                return false;
            }

            prefix = prefix.Length > 0 ? prefix : $"/{octets.Length * 8}";
            address = string.Join('.', octets.Concat(Enumerable.Repeat("0", 4 - octets.Length)));
        }

        if (!IPAddress.TryParse(address, out var ip) || !TryPrefix(prefix, ip.AddressFamily, out var length))
        {
            return false;
        }

        _networks.Add((new IPNetwork(Mask(ip, length), length), excluded));
        return true;
    }

    public bool Contains(string ip)
    {
        if (!IPAddress.TryParse(ip, out var address))
        {
            return false;
        }

        foreach (var (network, excluded) in _networks)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
            {
                return !excluded;
            }
        }

        return false;
    }

    private static bool TryPrefix(string prefix, AddressFamily family, out int length)
    {
        var max = family == AddressFamily.InterNetwork ? 32 : 128;
        length = max;
        return prefix.Length == 0
            || (
            int.TryParse(prefix.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture, out length) && length >= 0 && length <= max);
    }

    private static IPAddress Mask(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] &= (byte)(0xFF00 >> Math.Clamp(length - (i * 8), 0, 8));
        }

        return new IPAddress(bytes);
    }
}
