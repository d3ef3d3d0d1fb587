using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Clean;

/// <summary>The formats in which a list of hosts can be written.</summary>
internal enum HostListFormat
{
    /// <summary>An address a line.</summary>
    Plain,

    /// <summary>A dataset of type ip4set for rbldnsd.</summary>
    Rbldnsd,

    /// <summary>An access map for Postfix.</summary>
    Postfix,
}

/// <summary>The hosts that sent backscatter. They are other people's mail servers and send real mail too: every format says so, and how to refuse only their bounces.</summary>
internal static class HostList
{
    /// <summary>Writes the list, the busiest host first.</summary>
    /// <param name="format">How.</param>
    /// <param name="hosts">Addresses, and how many reports each sent.</param>
    /// <param name="now">The time, for the list's head.</param>
    public static string Write(HostListFormat format, IReadOnlyDictionary<string, int> hosts, DateTimeOffset now)
    {
        var addresses = hosts.OrderByDescending(h => h.Value).ThenBy(h => h.Key, StringComparer.Ordinal).Select(h => (Address: IPAddress.Parse(h.Key), h.Value)).ToList();
        var text = new StringBuilder();
        foreach (var line in Head(format, addresses.Count, now))
        {
            text.Append("# ").Append(line).Append('\n');
        }

        switch (format)
        {
            case HostListFormat.Rbldnsd:
                text.Append("$TTL 3600\n:127.0.0.2:Backscatter from $ was seen\n");
                addresses.ForEach(h => text.Append(h.Address.AddressFamily == AddressFamily.InterNetwork ? h.Address.ToString() : $"# {h.Address}").Append('\n'));
                break;
            case HostListFormat.Postfix:
                addresses.ForEach(h => text.Append(CultureInfo.InvariantCulture, $"{h.Address} REJECT backscatter: {h.Value} {(h.Value == 1 ? "bounce" : "bounces")} for mail that was not sent from here\n"));
                break;
            default:
                addresses.ForEach(h => text.Append(h.Address).Append('\n'));
                break;
        }

        return text.ToString();
    }

    private static string[] Head(HostListFormat format, int count, DateTimeOffset now) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"{count} hosts that sent backscatter, the busiest first; backstop clean, {now:yyyy-MM-dd HH:mm} UTC"),
        "They are mail servers that send real mail too: refuse only what comes from the null sender.",
        .. format switch
        {
            HostListFormat.Rbldnsd => ["rbldnsd ZONE:ip4set:THIS_FILE; it cannot hold IPv6 addresses, which stand here as comments."],
            HostListFormat.Postfix =>
            [
                "postmap this file, then in main.cf (the client is looked up only where the sender is <>):",
                "  smtpd_restriction_classes = backscatterers",
                "  backscatterers = check_client_access hash:/etc/postfix/backscatterers",
                "  smtpd_recipient_restrictions = ..., check_sender_access inline:{ {<> = backscatterers} }",
            ],
            _ => Array.Empty<string>(),
        },
    ];
}
