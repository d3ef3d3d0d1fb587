using System.Net;
using Backstop.Configuration.Options;

namespace Backstop.Judging.Clients;

/// <summary>A limit that is reached.</summary>
internal enum RateLimit
{
    /// <summary>Neither limit is reached.</summary>
    None,

    /// <summary>That of the client's network.</summary>
    Network,

    /// <summary>That of the sender's domain.</summary>
    SenderDomain,
}

/// <summary>
/// Counts the recipients that each network and each sender domain has written to. A client that has used less than its limit in the
/// last window is never over it, and none gets through more than twice the limit in any window.
/// </summary>
/// <remarks>
/// In memory, and bounded: where there are more networks or domains than fit, the count of the oldest is forgotten, so that a flood
/// of new ones never delays the others.
/// </remarks>
/// <param name="options">The limits.</param>
/// <param name="time">The clock.</param>
internal sealed class RateLimits(RateOptions options, TimeProvider time)
{
    /// <summary>The most networks, and the most domains, in each of two generations.</summary>
    internal const int Max = 20_000;

    // An entry that was not asked for during the longest window has nothing left to say.
    private static readonly TimeSpan _kept = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private readonly Generations<IPAddress, Level> _networks = new(Max, _kept, time);
    private readonly Generations<string, Level> _domains = new(Max, _kept, time);
    private volatile RateOptions _options = options;

    /// <summary>How many networks and domains are remembered.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _networks.Count + _domains.Count;
            }
        }
    }

    /// <summary>Goes by other limits from now on.</summary>
    public void Take(RateOptions now) => _options = now;

    /// <summary>Counts a recipient; one that is over a limit is not counted.</summary>
    /// <param name="client">The client; its network is counted.</param>
    /// <param name="domain">The sender's domain as a key; empty for none.</param>
    public RateLimit Take(IPAddress client, string domain)
    {
        var limits = _options;
        var now = time.GetElapsedTime(_start).Ticks;
        lock (_gate)
        {
            var network = limits.PerNetwork > 0 ? Of(_networks, ClientHistory.Near(client)) : null;
            var sender = limits.PerSenderDomain > 0 && domain.Length > 0 ? Of(_domains, domain) : null;
            var full = now + limits.Window.Ticks;
            var perNetwork = limits.Window.Ticks / Math.Max(1, limits.PerNetwork);
            var perDomain = limits.Window.Ticks / Math.Max(1, limits.PerSenderDomain);
            if (network?.After(perNetwork, now) > full)
            {
                return RateLimit.Network;
            }

            if (sender?.After(perDomain, now) > full)
            {
                return RateLimit.SenderDomain;
            }

            network?.EmptyAt = network.After(perNetwork, now);
            sender?.EmptyAt = sender.After(perDomain, now);
            return RateLimit.None;
        }
    }

    private static Level Of<TKey>(Generations<TKey, Level> all, TKey key)
        where TKey : notnull
    {
        if (!all.TryGet(key, out var level))
        {
            level = new();
            all.Add(key, level);
        }

        return level;
    }

    // A bucket that leaks evenly, known by the time at which it will be empty (the generic cell rate algorithm): a recipient
    // moves that time on by its share of the window, and the bucket is full while the time is a whole window ahead.
    private sealed class Level
    {
        public long EmptyAt { get; set; }

        public long After(long share, long now) => Math.Max(EmptyAt, now) + share;
    }
}
