using Backstop.Configuration.Options;
using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Net;

namespace Backstop.Doctor;

/// <summary>The DNS records that have senders insist on TLS: what to publish, and whether it is published.</summary>
internal static class MtaStsChecks
{
    private const string Check = "mta-sts";
    private const int MostDomains = 20;

    /// <summary>Looks at the records of each domain.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="names">Asks DNS.</param>
    /// <param name="ct">Stops the work.</param>
    public static Task<IReadOnlyList<Finding>> AskAsync(BackstopOptions options, HostNames names, CancellationToken ct) =>
        AskAsync(options, names.TextsAsync, names.MailHostsAsync, ct);

    /// <summary>Looks at the records of each domain.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="textsAsync">Returns the TXT records of a name.</param>
    /// <param name="hostsAsync">Returns the hosts that take a domain's mail.</param>
    /// <param name="ct">Stops the work.</param>
    public static async Task<IReadOnlyList<Finding>> AskAsync(
        BackstopOptions options, Func<string, CancellationToken, Task<IReadOnlyList<string>>> textsAsync,
        Func<string, CancellationToken, Task<IReadOnlyList<string>>> hostsAsync, CancellationToken ct)
    {
        if (options.MtaSts.Mode == MtaStsMode.Off)
        {
            return [new(FindingState.Off, Check, "senders are not told to insist on TLS", "mta_sts.mode = \"testing\"")];
        }

        var findings = new List<Finding>();
        foreach (var domain in options.Domains.Take(MostDomains))
        {
            // What to publish is said without DNS, too.
            var record = $"v=STSv1; id={options.MtaSts.Id(options.Hostname)};";
            var publish =
                $"publish _mta-sts.{domain} TXT \"{record}\", and an address for mta-sts.{domain} that leads to listen.web by HTTPS";
            try
            {
                var texts = (await textsAsync($"_mta-sts.{domain}", ct)).Where(t => t.StartsWith("v=STSv1", StringComparison.Ordinal));
                findings.Add(Record(domain, record, publish, [.. texts]));
                findings.AddRange(Unnamed(options, domain, await hostsAsync(domain, ct)));
                findings.Add(Reports(domain, await textsAsync($"_smtp._tls.{domain}", ct)));
            }
            catch (DnsLookupException error)
            {
                findings.Add(new(FindingState.Skip, Check, $"{domain}: DNS gives no answer: {error.Message}", publish));
            }
        }

        return findings;
    }

    // RFC 8461 §3.1: with two records a domain has none.
    private static Finding Record(string domain, string record, string publish, IReadOnlyList<string> texts) => texts switch
    {
        [] => new(FindingState.Warn, Check, $"_mta-sts.{domain} has no record, so no sender asks for the policy", publish),
        [var only] when IdOf(only) == IdOf(record) => new(FindingState.Ok, Check, $"_mta-sts.{domain} is {only}"),
        [var only] => new(
            FindingState.Warn, Check, $"_mta-sts.{domain} is {only}: senders that know it do not ask for the policy anew", publish),
        _ => new(FindingState.Bad, Check, $"_mta-sts.{domain} has {texts.Count} records, which count as none", publish),
    };

    private static string IdOf(string record) =>
        record.Split(';', StringSplitOptions.TrimEntries).FirstOrDefault(f => f.StartsWith("id=", StringComparison.Ordinal)) ?? "";

    private static IEnumerable<Finding> Unnamed(BackstopOptions options, string domain, IReadOnlyList<string> hosts) =>
        hosts.Where(h => !options.MtaSts.Names(h, options.Hostname)).Select(h => new Finding(
            options.MtaSts.Mode == MtaStsMode.Enforce ? FindingState.Bad : FindingState.Warn, Check,
            $"{domain}: the policy does not name {h}, which an MX record does", $"add \"{h}\" to mta_sts.mx, or remove the MX record"));

    // RFC 8460 §3: the reports come to us; none are sent, for no mail is.
    private static Finding Reports(string domain, IReadOnlyList<string> texts) =>
        texts.FirstOrDefault(t => t.StartsWith("v=TLSRPTv1", StringComparison.Ordinal)) is { } asked
            ? new(FindingState.Ok, Check, $"_smtp._tls.{domain} is {asked}")
            : new(
                FindingState.Off, Check, $"{domain}: no sender reports where TLS to here fails",
                $"publish _smtp._tls.{domain} TXT \"v=TLSRPTv1; rua=mailto:postmaster@{domain}\"");
}
