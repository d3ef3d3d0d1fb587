using System.Net;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>How many recipients a network and a sender domain may write to.</summary>
public sealed class RateLimitsTests
{
    private static readonly IPAddress _client = IPAddress.Parse("203.0.113.9");
    private static readonly TimeSpan _window = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Networks_and_domains_are_counted_apart_and_what_is_over_a_limit_is_not_counted()
    {
        var rates = new RateLimits(new() { PerNetwork = 3, PerSenderDomain = 2 }, _time);
        Assert.Equal(RateLimit.None, rates.Take(_client, "a.example"));
        Assert.Equal(RateLimit.None, rates.Take(IPAddress.Parse("203.0.113.77"), "a.example"));
        Assert.Equal(RateLimit.SenderDomain, rates.Take(_client, "a.example"));
        Assert.Equal(RateLimit.SenderDomain, rates.Take(IPAddress.Parse("198.51.100.1"), "a.example"));
        Assert.Equal(RateLimit.None, rates.Take(_client, ""));
        Assert.Equal(RateLimit.Network, rates.Take(_client, "b.example"));
        Assert.Equal(RateLimit.Network, rates.Take(IPAddress.Parse("::ffff:203.0.113.1"), ""));
        Assert.Equal(RateLimit.None, rates.Take(IPAddress.Parse("203.0.112.1"), "b.example"));
        _time.Advance(_window / 3);
        Assert.Equal(RateLimit.None, rates.Take(_client, ""));
        Assert.Equal(RateLimit.Network, rates.Take(_client, ""));
    }

    [Fact]
    public void A_hosts_whole_ipv6_network_is_one_and_mapped_addresses_are_not()
    {
        var rates = new RateLimits(new() { PerNetwork = 1 }, _time);
        Assert.Equal(RateLimit.None, rates.Take(IPAddress.Parse("2001:db8:1:2::1"), ""));
        Assert.Equal(RateLimit.Network, rates.Take(IPAddress.Parse("2001:db8:1:2:ffff::9"), ""));
        Assert.Equal(RateLimit.None, rates.Take(IPAddress.Parse("2001:db8:1:3::1"), ""));
        Assert.Equal(RateLimit.None, rates.Take(IPAddress.Parse("::ffff:203.0.113.1"), ""));
        Assert.Equal(RateLimit.None, rates.Take(IPAddress.Parse("::ffff:198.51.100.1"), ""));
    }

    [Fact]
    public void No_limit_is_none_and_a_reload_changes_both()
    {
        var rates = new RateLimits(new(), _time);
        for (var i = 0; i < 10_000; i++)
        {
            Assert.Equal(RateLimit.None, rates.Take(_client, "a.example"));
        }

        Assert.Equal(0, rates.Count);
        rates.Take(new RateOptions { PerNetwork = 1 });
        Assert.Equal(RateLimit.None, rates.Take(_client, ""));
        Assert.Equal(RateLimit.Network, rates.Take(_client, ""));
        rates.Take(new RateOptions { PerNetwork = 2, Window = TimeSpan.FromHours(2) });
        Assert.Equal(RateLimit.None, rates.Take(_client, ""));
    }

    /// <summary>An attacker has a /32 of networks, and may name any domain.</summary>
    [Fact]
    public void Memory_is_bounded_and_a_flood_of_strangers_delays_nobody()
    {
        var rates = new RateLimits(new() { PerNetwork = 2, PerSenderDomain = 2 }, _time);
        Assert.Equal(RateLimit.None, rates.Take(_client, "quiet.example"));
        var octets = IPAddress.Parse("2001:db8::").GetAddressBytes();
        for (var i = 0; i < 5 * RateLimits.Max; i++)
        {
            (octets[4], octets[5], octets[6]) = ((byte)i, (byte)(i >> 8), (byte)(i >> 16));
            Assert.Equal(RateLimit.None, rates.Take(new IPAddress(octets), $"d{i}.example"));
        }

        Assert.InRange(rates.Count, 1, 4 * RateLimits.Max);
        Assert.Equal(RateLimit.None, rates.Take(_client, "quiet.example"));
    }

    /// <summary>Whoever stays below the limit in every window is never deferred; nobody gets more than twice the limit in one.</summary>
    [Fact]
    public void Never_over_the_limit_below_it_and_never_twice_the_limit() => Gen.Select(
        Gen.Int[1, 40], Gen.Int[0, 1200].Array[1, 200]).Sample((limit, pauses) =>
        {
            var time = new FakeTimeProvider();
            var rates = new RateLimits(new() { PerNetwork = limit, Window = _window }, time);
            var taken = new List<DateTimeOffset>();
            foreach (var pause in pauses)
            {
                time.Advance(TimeSpan.FromSeconds(pause));
                var now = time.GetUtcNow();
                var lately = taken.Count(t => now - t < _window);
                var isTaken = rates.Take(_client, "") == RateLimit.None;
                if (isTaken)
                {
                    taken.Add(now);
                }

                if ((lately < limit && !isTaken) || taken.Count(t => now - t < _window) > 2 * limit)
                {
                    return false;
                }
            }

            return true;
        });
}
