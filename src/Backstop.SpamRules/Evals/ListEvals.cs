using System.Net;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;

namespace Backstop.SpamRules.Evals;

/// <summary>Lists of addresses, hosts and subjects (Plugin/WLBLEval.pm, WelcomeListSubject.pm).</summary>
internal static class ListEvals
{
    private const int MaxParents = 10;

    private static readonly PerlRegex _senderDomain = new("@([^@]+\\.[^@]+)\\z");
    private static readonly PerlRegex _addressEntry = new("^\\[(.*)\\](/\\d{1,3})?\\z");

    public static void Register(EvalTable table)
    {
        table.Add(
            "check_from_in_blocklist", "check_from_in_blacklist", static (scan, _) => Any(scan, Senders.From(scan), "blocklist_from"));
        table.Add("check_to_in_blocklist", "check_to_in_blacklist", static (scan, _) => Any(scan, Senders.To(scan), "blocklist_to"));
        table.Add("check_to_in_welcomelist", "check_to_in_whitelist", static (scan, _) => Any(scan, Senders.To(scan), "welcomelist_to"));
        table.Add("check_to_in_more_spam", static (scan, _) => Any(scan, Senders.To(scan), "more_spam_to"));
        table.Add("check_to_in_all_spam", static (scan, _) => Any(scan, Senders.To(scan), "all_spam_to"));
        table.Add("check_from_in_list", static (scan, arguments) => Any(scan, Senders.From(scan), arguments[0] ?? ""));
        table.Add("check_to_in_list", static (scan, arguments) => Any(scan, Senders.To(scan), arguments[0] ?? ""));
        table.Add(
            "check_replyto_in_list",
            static (scan, arguments) => scan.Headers.One("Reply-To:addr") is { Length: > 0 } to && Any(scan, [to], arguments[0] ?? ""));
        table.Add("check_from_in_welcomelist", "check_from_in_whitelist", static (scan, _) => InWelcomeList(scan) == Trust.Listed);
        table.Add(
            "check_forged_in_welcomelist", "check_forged_in_whitelist",
            static (scan, _) => InWelcomeList(scan) == Trust.Forged && InDefaultList(scan) == Trust.None);
        table.Add(
            "check_from_in_default_welcomelist", "check_from_in_default_whitelist",
            static (scan, _) => InDefaultList(scan) == Trust.Listed);
        table.Add(
            "check_forged_in_default_welcomelist", "check_forged_in_default_whitelist",
            static (scan, _) => InDefaultList(scan) == Trust.Forged && InWelcomeList(scan) == Trust.None);
        table.Add("check_mailfrom_matches_rcvd", static (scan, _) => SenderMatchesRelay(scan));
        table.Add("check_uri_host_listed", static (scan, arguments) => IsHostListed(scan, arguments[0] ?? ""));
        table.Add("check_uri_host_in_blocklist", "check_uri_host_in_blacklist", static (scan, _) => IsHostListed(scan, "BLOCK"));
        table.Add("check_uri_host_in_welcomelist", "check_uri_host_in_whitelist", static (scan, _) => IsHostListed(scan, "WELCOME"));
        table.Add("check_subject_in_welcomelist", "check_subject_in_whitelist", static (scan, _) => SubjectIn(scan, "welcomelist_subject"));
        table.Add("check_subject_in_blocklist", "check_subject_in_blacklist", static (scan, _) => SubjectIn(scan, "blocklist_subject"));
    }

    private enum Trust
    {
        None,
        Listed,
        Forged,
    }

    private static bool Any(MessageScan scan, IEnumerable<string> addresses, string list) =>
        scan.Settings.AddressLists.TryGetValue(list, out var entries) && !entries.IsEmpty && addresses.Any(entries.Contains);

    private static bool SubjectIn(MessageScan scan, string list) =>
        scan.Headers.One("Subject") is { Length: > 0 } subject && Any(scan, [subject.TrimEnd('\n')], list);

    private static Trust InWelcomeList(MessageScan scan) => scan.Remember("welcomelist", () =>
    {
        var result = Trust.None;
        foreach (var address in Senders.From(scan))
        {
            if (Any(scan, [address], "welcomelist_from"))
            {
                return Trust.Listed;
            }

            var trust = ByRelay(scan, "welcomelist_from_rcvd", address);
            if (trust == Trust.Listed)
            {
                return trust;
            }

            result = trust == Trust.Forged ? trust : result;
        }

        return result;
    });

    private static Trust InDefaultList(MessageScan scan) => scan.Remember("default_welcomelist", () =>
    {
        var trusts = Senders.From(scan).ConvertAll(a => ByRelay(scan, "def_welcomelist_from_rcvd", a));
        return trusts.Contains(Trust.Listed) ? Trust.Listed : trusts.Contains(Trust.Forged) ? Trust.Forged : Trust.None;
    });

    private static Trust ByRelay(MessageScan scan, string list, string address)
    {
        var relays = LastRelays(scan);
        if (relays.Count == 0 || !scan.Settings.SendersWithRelay.TryGetValue(list, out var senders))
        {
            return Trust.None;
        }

        var lower = address.ToLowerInvariant();
        var found = Trust.None;
        foreach (var sender in senders.Where(s => s.Address.IsMatch(lower)))
        {
            if (relays.Exists(r => IsRelay(sender.Relay, r)))
            {
                return Trust.Listed;
            }

            found = Trust.Forged;
        }

        return found == Trust.Forged && Any(scan, [address], "welcomelist_allows_relays") ? Trust.None : found;
    }

    private static bool IsRelay(string entry, Relay relay)
    {
        if (_addressEntry.Match(entry) is { Success: true } match)
        {
            var set = new NetworkSet();
            return set.TryAdd(match.Groups[1].Value.TrimEnd('.') + match.Groups[2].Value) && set.Contains(relay.Ip);
        }

        var rdns = relay.Rdns.ToLowerInvariant();
        return rdns == entry || rdns.EndsWith("." + entry, StringComparison.Ordinal);
    }

    private static List<Relay> LastRelays(MessageScan scan) =>
        scan.Relays.Untrusted.Count > 0 ? [scan.Relays.Untrusted[0]] : scan.Relays.Trusted;

    private static bool SenderMatchesRelay(MessageScan scan)
    {
        if (_senderDomain.Match(scan.Headers.One("EnvelopeFrom:addr")) is not { Success: true } match)
        {
            return false;
        }

        var domain = scan.Settings.Boundaries.TrimDomain(match.Groups[1].Value);
        return LastRelays(scan).Exists(r => r.Rdns.Length > 0 && scan.Settings.Boundaries.TrimDomain(r.Rdns) == domain);
    }

    private static bool IsHostListed(MessageScan scan, string list)
    {
        if (!scan.Settings.UriHostLists.TryGetValue(list, out var hosts))
        {
            return false;
        }

        return scan.Remember("uri_hosts", () => scan.Uris.ByUri.Where(u => !u.Key.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
            .SelectMany(u => u.Value.Hosts.Keys).ToHashSet(StringComparer.Ordinal)).Any(host => Verdict(host, hosts));
    }

    private static bool Verdict(string host, Dictionary<string, bool> hosts)
    {
        var isAddress = IPAddress.TryParse(host.Trim('[', ']'), out _);
        var labels = host.Split('.');
        for (var i = isAddress ? 0 : Math.Max(0, labels.Length - MaxParents - 1); i < (isAddress ? 1 : labels.Length); i++)
        {
            if (hosts.TryGetValue(isAddress ? host.Trim('[', ']') : string.Join('.', labels[i..]), out var listed))
            {
                return listed;
            }
        }

        return false;
    }
}
