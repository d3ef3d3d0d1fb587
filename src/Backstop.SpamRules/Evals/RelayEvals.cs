using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;

namespace Backstop.SpamRules.Evals;

/// <summary>The relays that the message passed (Plugin/RelayEval.pm).</summary>
internal static class RelayEvals
{
    private static readonly PerlRegex _numericHelo = new(
        "\\bhelo=(" + IpPatterns.V4 + ")(?:[\\0-\\x20,;\\[()<>]|\\z)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _dotcom = new(
        "(?:\\.|^)(lycos\\.com|lycos\\.co\\.uk|hotmail\\.com|localhost\\.com|excite\\.com|caramail\\.com|cs\\.com|aol\\.com|msn\\.com|y"
            + "ahoo\\.com|drizzle\\.com)$", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _hostName = new("^\\w+(?:[\\w.-]+\\.)+\\w+$");
    private static readonly PerlRegex _fourNumbers = new("^(\\d+\\.\\d+)\\.\\d+\\.\\d+$");
    private static readonly PerlRegex _twoLabelTop = new("(?:\\S{3,}|ie|fr|de)");
    private static readonly PerlRegex _localhost = new("^localhost(?:\\.localdomain)?$");

    public static void Register(EvalTable table)
    {
        table.Add("check_all_trusted", static (scan, _) => scan.Relays is { Trusted.Count: > 0, Untrusted.Count: 0, Unparseable: 0 });
        table.Add("check_no_relays", static (scan, _) => scan.Relays is { Trusted.Count: 0, Untrusted.Count: 0, Unparseable: 0 });
        table.Add("check_relays_unparseable", static (scan, _) => scan.Relays.Unparseable > 0);
        table.Add(
            "check_for_numeric_helo",
            static (scan, _) => _numericHelo.Match(
                RelayTrail.Format(scan.Relays.Untrusted)) is { Success: true } match && !IpPatterns.IsPrivate(match.Groups[1].Value));
        table.Add("check_for_illegal_ip", static (_, _) => false);
        table.Add("helo_ip_mismatch", static (scan, _) => scan.Relays.Untrusted.Any(HasForeignHelo));
        table.Add(
            "check_for_no_rdns_dotcom_helo",
            static (scan, _) => scan.Relays.Untrusted.LastOrDefault(r => !r.IsPrivate) is { HasNoReverseDns: true } relay
                && _dotcom.IsMatch(relay.Helo));
        table.Add(
            "check_for_sender_no_reverse",
            static (scan, _) => scan.Relays.Untrusted.LastOrDefault() is { IsPrivate: false } relay && relay.Rdns.Contains('.'));
        table.Add("check_for_from_domain_in_received_headers", static (scan, arguments) => FromDomainInReceived(scan, arguments));
        table.Add("check_for_forged_received_trail", static (scan, _) => Mismatches(scan).From > 1);
        table.Add("check_for_forged_received_ip_helo", static (scan, _) => Mismatches(scan).Helo > 0);
    }

    private static bool HasForeignHelo(Relay relay) =>
        IpPatterns.IsV4(relay.Helo) && !IpPatterns.IsPrivate(relay.Helo) && IpPatterns.IsV4(relay.Ip) && !IpPatterns.IsPrivate(relay.Ip)
        && !relay.Ip.StartsWith(relay.Helo[..(relay.Helo.LastIndexOf('.') + 1)], StringComparison.Ordinal);

    private static bool FromDomainInReceived(MessageScan scan, EvalArguments arguments)
    {
        var domain = Regex.Escape(arguments[0] ?? "");
        if (!new PerlRegex("\\b" + domain, RegexOptions.IgnoreCase).IsMatch(scan.Headers.One("From:addr")))
        {
            return false;
        }

        var relays = RelayTrail.Format(scan.Relays.Trusted) + "\n" + RelayTrail.Format(scan.Relays.Untrusted);
        return new PerlRegex(" rdns=\\S*\\b" + domain + " [^\\]]*by=\\S*\\b" + domain + " ").IsMatch(relays) == (arguments[1] == "true");
    }

    /// <summary>
    /// How many servers do not have the name by which the next one knows them, and how many HELOs are an address of another
    /// network.
    /// </summary>
    private static (int From, int Helo) Mismatches(MessageScan scan) => scan.Remember("relay_mismatches", () =>
    {
        var (mismatchFrom, mismatchHelo) = (0, 0);
        string? previous = null;
        var hasPrevious = false;
        foreach (var relay in scan.Relays.Untrusted)
        {
            var by = Domain(relay.By.ToLowerInvariant());
            string? from = Domain(relay.Rdns.ToLowerInvariant());
            if (_hostName.IsMatch(by))
            {
                from = _localhost.IsMatch(from) && relay.Ip == "127.0.0.1" ? null : from;
                mismatchHelo += IsOtherNetwork(Domain(relay.Helo.ToLowerInvariant()), relay.Ip) ? 1 : 0;
                mismatchFrom += hasPrevious && previous is not null && _hostName.IsMatch(previous) && by != previous
                    && !(by == "msn.com" && previous == "hotmail.com")
                    ? 1
                    : 0;
            }

            (previous, hasPrevious) = (from, true);
        }

        return (mismatchFrom, mismatchHelo);
    });

    private static bool IsOtherNetwork(string helo, string ip) =>
        _fourNumbers.Match(helo) is { Success: true } h && _fourNumbers.Match(ip) is { Success: true } i
            && h.Groups[1].Value != i.Groups[1].Value && !IpPatterns.IsPrivate(helo);

    private static string Domain(string host)
    {
        if (!host.Any(char.IsAsciiLetter))
        {
            return host;
        }

        var labels = host.Split('.');
        return labels.Length > 1 && _twoLabelTop.IsMatch(labels[^1]) ? string.Join('.', labels[^2..])
            : labels.Length > 2 ? string.Join('.', labels[^3..])
            : host;
    }
}
