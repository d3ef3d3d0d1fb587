using System.Net;
using Backstop.MailAuth.Dnsbl;

namespace Backstop.Configuration.Options;

/// <summary>DNS lists, asked only if the reverse-path is null or postmaster@ ("safe mode").</summary>
internal sealed class DnsblSettings
{
    /// <summary>The lists; an empty list asks none. Default <c>["ips.backscatterer.org"]</c>.</summary>
    public IReadOnlyList<string> Zones { get; set; } = ["ips.backscatterer.org"];

    /// <summary>
    /// The answers that mean "listed": an address or a range, from 127.0.0.2 to 127.255.254.255. Default: all of these.
    /// </summary>
    public IReadOnlyList<DnsblCodes> Codes { get; set; } = [DnsblCodes.Any];

    /// <summary>The DNS servers to ask. Default: the system's.</summary>
    public IReadOnlyList<IPEndPoint> Resolvers { get; set; } = [];

    /// <summary>The time limit of a lookup. Default 2s.</summary>
    [Bounds("50ms", "30s")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a listing is cached. Default 1h.</summary>
    [Bounds("1s", "1d")]
    public TimeSpan ListedFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an answer "not listed" is cached. Default 15m.</summary>
    [Bounds("1s", "1d")]
    public TimeSpan UnlistedFor { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often a list's test points are checked. Default 15m.</summary>
    [Bounds("10s", "1d")]
    public TimeSpan TestEvery { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Whether loopback and private addresses are looked up too, for tests. Default false.</summary>
    public bool AskPrivate { get; set; }
}
