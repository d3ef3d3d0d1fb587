namespace Backstop.MailAuth.Dnsbl;

/// <summary>How lists are queried and answers cached.</summary>
public sealed class DnsblOptions
{
    /// <summary>How long a listing is cached. Default 1 hour.</summary>
    public TimeSpan ListedFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an answer "not listed" is cached. Default 15 minutes.</summary>
    public TimeSpan UnlistedFor { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>The time limit of a lookup. Default 2 seconds.</summary>
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The answers that mean "listed". Default: all from 127.0.0.2 on, except 127.255.255/24.</summary>
    public IReadOnlyList<DnsblCodes> Codes { get; set; } = [DnsblCodes.Any];

    /// <summary>Failures in a row after which a list is not asked for <see cref="Rest"/>. Default 5.</summary>
    public int BreakAfter { get; set; } = 5;

    /// <summary>How long a failing list is not asked. Default 1 minute.</summary>
    public TimeSpan Rest { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Lookups at the same time in each list; beyond it an address counts as not listed. Default 64.</summary>
    public int MaxConcurrent { get; set; } = 64;

    /// <summary>Answers cached for each list. Default 100,000.</summary>
    public int CacheSize { get; set; } = 100_000;
}
