namespace Backstop.Configuration.Options;

/// <summary>
/// How many recipients strangers may write to. What is over a limit is deferred (451) and comes at a later try; nothing is refused
/// for good. Your own servers, mail that the recipient knows the sender of, bounces that their envelope proves, and mail to
/// postmaster and abuse have no limit.
/// </summary>
internal sealed class RateOptions
{
    /// <summary>
    /// The most recipients that one network's clients (IPv4 /24, IPv6 /64) may write to within <c>window</c>. 0: no limit.
    /// Default 0.
    /// </summary>
    [Bounds(0, 10_000_000)]
    public int PerNetwork { get; set; }

    /// <summary>
    /// The most recipients that senders of one domain may write to within <c>window</c>; each subdomain is a domain of its own.
    /// 0: no limit. Default 0.
    /// </summary>
    [Bounds(0, 10_000_000)]
    public int PerSenderDomain { get; set; }

    /// <summary>The time that both limits are for. Default 1h.</summary>
    [Bounds("1m", "1d")]
    public TimeSpan Window { get; set; } = TimeSpan.FromHours(1);
}
