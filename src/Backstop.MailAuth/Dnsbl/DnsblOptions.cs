namespace Backstop.MailAuth.Dnsbl;

/// <summary>How lists are asked.</summary>
public sealed class DnsblOptions
{
    /// <summary>How long a listing is remembered. Default 1 hour.</summary>
    public TimeSpan ListedFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long it is remembered that an address is not listed. Default 15 minutes.</summary>
    public TimeSpan UnlistedFor { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a list may take to answer. Default 2 seconds.</summary>
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Answers that mean "listed". Default every one from 127.0.0.2 on but 127.255.255/24.</summary>
    public IReadOnlyList<DnsblCodes> Codes { get; set; } = [DnsblCodes.Any];

    /// <summary>Failures in a row after which a list rests. Default 5.</summary>
    public int BreakAfter { get; set; } = 5;

    /// <summary>How long a list rests. Default 1 minute.</summary>
    public TimeSpan Rest { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Questions under way at once, for each list. Default 64; one more is not asked.</summary>
    public int MaxConcurrent { get; set; } = 64;

    /// <summary>Answers remembered, for each list. Default 100,000.</summary>
    public int CacheSize { get; set; } = 100_000;
}
