using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>What senders do where our host has no certificate that they can check (RFC 8461 §5).</summary>
internal enum MtaStsMode
{
    /// <summary>No policy is served.</summary>
    Off,

    /// <summary>They deliver. For a while after another mode, so that senders forget it.</summary>
    None,

    /// <summary>They deliver, and those that send TLS reports report it.</summary>
    Testing,

    /// <summary>They do not deliver.</summary>
    Enforce,
}

/// <summary>
/// The policy by which senders insist on TLS (MTA-STS), served for the host <c>mta-sts.</c> of each of <c>domains</c> at
/// <c>listen.web</c>. <c>doctor</c> says which DNS records go with it.
/// </summary>
internal sealed class MtaStsOptions
{
    /// <summary>The path of the policy (RFC 8461 §3.2).</summary>
    public const string Path = "/.well-known/mta-sts.txt";

    private const int IdOctets = 10;

    /// <summary>What senders do where TLS fails: <c>off</c>, <c>none</c>, <c>testing</c> or <c>enforce</c>. Default off.</summary>
    public MtaStsMode Mode { get; set; } = MtaStsMode.Off;

    /// <summary>The hosts that take the mail of the domains; <c>*.example.org</c> for any one label. Default: <c>hostname</c>.</summary>
    public IReadOnlyList<string> Mx { get; set; } = [];

    /// <summary>How long senders remember the policy. Default 7d.</summary>
    [Bounds("1d", "365d")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The policy as senders read it.</summary>
    /// <param name="hostname">The name of this host.</param>
    internal string Policy(string hostname)
    {
        // RFC 8461 §3.2: the version first, one mx line for each pattern.
        var text = new StringBuilder("version: STSv1\r\n").Append("mode: ").Append(Mode.ToString().ToLowerInvariant()).Append("\r\n");
        foreach (var host in Hosts(hostname))
        {
            text.Append("mx: ").Append(host).Append("\r\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"max_age: {(long)MaxAge.TotalSeconds}\r\n").ToString();
    }

    /// <summary>The id of the DNS record, which is another one for every policy (RFC 8461 §3.1: letters and digits, at most 32).</summary>
    /// <param name="hostname">The name of this host.</param>
    internal string Id(string hostname) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Policy(hostname))), 0, IdOctets);

    /// <summary>Whether the policy names a host. A star stands for one label (RFC 8461 §4.1).</summary>
    /// <param name="host">A host of an MX record.</param>
    /// <param name="hostname">The name of this host.</param>
    internal bool Names(string host, string hostname) => Hosts(hostname).Any(pattern =>
        pattern.StartsWith("*.", StringComparison.Ordinal)
            ? host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot
                && host.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase)
            : host.Equals(pattern, StringComparison.OrdinalIgnoreCase));

    internal void Check(IConfigProblems problems, BackstopOptions all)
    {
        foreach (var host in Mx.Where(h => !MailAddress.IsDomain(h.StartsWith("*.", StringComparison.Ordinal) ? h[2..] : h)))
        {
            problems.Add("mta_sts.mx", $"\"{host}\" is not the name of a host; write one such as \"mx.example.org\"");
        }

        if (Mode == MtaStsMode.Off)
        {
            return;
        }

        if (all.Listen.Web.Count == 0)
        {
            problems.Add("mta_sts.mode", "the policy is served at listen.web, which is not set; set it, or mta_sts.mode = \"off\"");
        }

        // Senders would keep their mail until it expires.
        if (Mode == MtaStsMode.Enforce && all.Listen.Smtp.Count > 0 && (!all.Tls.Enabled || all.Tls.Certificate.Length == 0))
        {
            problems.Add(
                "mta_sts.mode",
                "\"enforce\" has senders not deliver to a host without a certificate of a known authority; set tls.certificate, "
                    + "or write \"testing\"");
        }
    }

    private IReadOnlyList<string> Hosts(string hostname) => Mx.Count > 0 ? Mx : [hostname];
}
