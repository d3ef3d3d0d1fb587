using System.ComponentModel.DataAnnotations;
using System.Net;
using Backstop.MailAuth.Dnsbl;

namespace Backstop.Configuration.Options;

/// <summary>DNS lists, asked only when the reverse-path is null or postmaster@ ("safe mode").</summary>
internal sealed class DnsblSettings
{
    /// <summary>The lists. Empty asks none. Default <c>["ips.backscatterer.org"]</c>.</summary>
    public IReadOnlyList<string> Zones { get; set; } = ["ips.backscatterer.org"];

    /// <summary>
    /// Answers that mean "listed": an address, or two and all between, from 127.0.0.2 to 127.255.254.255. Default all of these.
    /// </summary>
    public IReadOnlyList<DnsblCodes> Codes { get; set; } = [DnsblCodes.Any];

    /// <summary>DNS servers to ask. Default: the system's.</summary>
    public IReadOnlyList<IPEndPoint> Resolvers { get; set; } = [];

    /// <summary>How long a list may take to answer. Default 2s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:30")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a listing is remembered. Default 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ListedFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long it is remembered that an address is not listed. Default 15m.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UnlistedFor { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often a list's test points are looked at. Default 15m.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan TestEvery { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Whether loopback and private addresses are asked about too. For tests. Default false.</summary>
    public bool AskPrivate { get; set; }
}
