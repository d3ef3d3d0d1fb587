using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Judging.Storms;

/// <summary>The formats of a list of hosts.</summary>
internal enum HostListFormat
{
    /// <summary>An address a line.</summary>
    Plain,

    /// <summary>A dataset of type ip4set for rbldnsd.</summary>
    Rbldnsd,

    /// <summary>An access map for Postfix.</summary>
    Postfix,

    /// <summary>The records of a DNS list (RFC 5782), to be put into a zone.</summary>
    Zone,
}

/// <summary>
/// Writes lists of the hosts that sent backscatter. They are other people's mail servers and send real mail too: every
/// format says so, and how to refuse only their bounces.
/// </summary>
internal static class HostList
{
    /// <summary>Writes the list, the busiest host first.</summary>
    /// <param name="format">For which program the list is.</param>
    /// <param name="hosts">Addresses, and how many reports each sent.</param>
    /// <param name="now">The time, for the list's heading.</param>
    /// <param name="by">The program that makes the list, for its heading.</param>
    public static string Write(HostListFormat format, IReadOnlyDictionary<string, int> hosts, DateTimeOffset now, string by)
    {
        var addresses = hosts.OrderByDescending(h => h.Value).ThenBy(h => h.Key, StringComparer.Ordinal)
            .Select(h => (Address: IPAddress.Parse(h.Key), h.Value)).ToList();
        var text = new StringBuilder();
        foreach (var line in Head(format, addresses.Count, now, by))
        {
            text.Append(format == HostListFormat.Zone ? "; " : "# ").Append(line).Append('\n');
        }

        switch (format)
        {
            case HostListFormat.Rbldnsd:
                text.Append("$TTL 3600\n:127.0.0.2:Backscatter from $ was seen\n");
                addresses.ForEach(h =>
                    text.Append(
                        h.Address.AddressFamily == AddressFamily.InterNetwork ? h.Address.ToString() : $"# {h.Address}").Append('\n'));
                break;
            case HostListFormat.Postfix:
                addresses.ForEach(h =>
                    text.Append(
                        CultureInfo.InvariantCulture,
                        $"{h.Address} REJECT backscatter: {h.Value} {(h.Value == 1 ? "bounce" : "bounces")} for mail that was not sent "
                            + $"from here\n"));
                break;
            case HostListFormat.Zone:
                // RFC 5782 §5: 127.0.0.2 is listed, so that users can test; 127.0.0.1 is not.
                text.Append("2.0.0.127 IN A 127.0.0.2\n2.0.0.127 IN TXT \"Test point\"\n");
                addresses.ForEach(h =>
                    text.Append(
                        CultureInfo.InvariantCulture,
                        $"{Reversed(h.Address)} IN A 127.0.0.2\n{Reversed(h.Address)} IN TXT \"Backscatter from {h.Address} was seen\"\n"));
                break;
            default:
                addresses.ForEach(h => text.Append(h.Address).Append('\n'));
                break;
        }

        return text.ToString();
    }

    // RFC 5782 §2.1 and §2.4: octets, and for IPv6 half-octets, from the last to the first.
    private static string Reversed(IPAddress address)
    {
        var octets = address.GetAddressBytes();
        Array.Reverse(octets);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? string.Join('.', octets)
            : string.Join('.', octets.Select(o => $"{o & 15:x}.{o >> 4:x}"));
    }

    private static string[] Head(HostListFormat format, int count, DateTimeOffset now, string by) =>
    [
        string.Create(
            CultureInfo.InvariantCulture, $"{count} hosts that sent backscatter, the busiest first; {by}, {now:yyyy-MM-dd HH:mm} UTC"),
        "They are mail servers that send real mail too: refuse only what comes from the null sender.",
        .. format switch
        {
            HostListFormat.Rbldnsd => ["rbldnsd ZONE:ip4set:THIS_FILE; it cannot hold IPv6 addresses, which stand here as comments."],
            HostListFormat.Postfix =>
            [
                "postmap this file, then in main.cf (the client is looked up only if the sender is <>):",
                "  smtpd_restriction_classes = backscatterers",
                "  backscatterers = check_client_access hash:/etc/postfix/backscatterers",
                "  smtpd_recipient_restrictions = ..., check_sender_access inline:{ {<> = backscatterers} }",
            ],
            HostListFormat.Zone => ["Put these records behind the SOA and NS records of your zone; in a zone file comments begin with ;"],
            _ => Array.Empty<string>(),
        },
    ];
}
