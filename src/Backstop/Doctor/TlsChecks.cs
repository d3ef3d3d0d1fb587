using System.Security.Cryptography.X509Certificates;
using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Doctor;

/// <summary>The certificates: whose they are, and how long they last.</summary>
internal static class TlsChecks
{
    private const string Check = "certificate";

    private static readonly TimeSpan _soon = TimeSpan.FromDays(21);

    /// <summary>Looks at each certificate that the configuration names.</summary>
    public static IEnumerable<Finding> Look(BackstopOptions options, DateTimeOffset now)
    {
        var tls = options.Tls;
        if (!tls.Enabled)
        {
            return [new(FindingState.Off, Check, "STARTTLS is not offered", "remove tls.enabled = false")];
        }

        IEnumerable<Finding> own = tls.Certificate.Length == 0
            ?
            [
                new(
                    FindingState.Warn, Check,
                    $"self-signed ({DataPaths.Certificate(options)}): mail is encrypted, but senders cannot check whose server this is",
                    "name a certificate of a known authority in tls.certificate and tls.key"),
            ]
            : Look(options.Hostname, tls.Certificate, tls.Key, now);
        return own.Concat(tls.Hosts.SelectMany(h => Look(h.Key, h.Value.Certificate, h.Value.Key, now)));
    }

    private static List<Finding> Look(string host, string certificate, string key, DateTimeOffset now)
    {
        try
        {
            using var own = CertificateFile.Read(certificate, key).Own;
            return [.. Look(host, own, now).Select(f => f with { What = $"{certificate}: {f.What}" })];
        }
        catch (CertificateException error)
        {
            return
            [
                new(FindingState.Bad, Check, error.Message, "the server goes on with the certificate that it has, until its next start"),
            ];
        }
    }

    private static IEnumerable<Finding> Look(string host, X509Certificate2 own, DateTimeOffset now)
    {
        if (!own.MatchesHostname(host))
        {
            yield return new(
                FindingState.Warn, Check, $"not made for {host}",
                $"get one that names {host} too: servers that check names refuse any other");
        }

        var left = new DateTimeOffset(own.NotAfter) - now;
        var until = FormattableString.Invariant($"until {own.NotAfter.ToUniversalTime():yyyy-MM-dd}");
        var days = FormattableString.Invariant($"valid {until}, {left.Days} days more");
        yield return left <= TimeSpan.Zero
            ? new(FindingState.Bad, Check, $"was valid {until}", "renew it; the server reads the new file by itself")
            : left < _soon ? new(FindingState.Warn, Check, days, "see that whatever renews it still runs")
            : new(FindingState.Ok, Check, days);
    }
}
