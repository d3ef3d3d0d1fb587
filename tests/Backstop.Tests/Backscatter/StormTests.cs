using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Backscatter.Storms;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>Calm, storm, calm: in simulated time, from one address's evening to a domain's month.</summary>
public sealed class StormTests
{
    private const string Victim = "me@example.test";
    private static readonly DateTimeOffset _start = new(2026, 3, 2, 6, 0, 0, TimeSpan.Zero);

    private readonly List<StormRecord> _told = [];
    private readonly StormWatch _watch;

    public StormTests() => _watch = new(new()) { Changed = _told.Add };

    [Theory]
    [InlineData(3, 50)]
    [InlineData(0.5, 15)]
    public void Twenty_a_minute_are_a_storm_within_a_minute(double seconds, double within)
    {
        var at = Send(seconds, TimeSpan.FromMinutes(5), i => $"192.0.2.{i % 200}");
        var storm = Assert.Single(_told);
        Assert.Equal((Victim, "bounce-flood", _start), (storm.Victim, storm.Kind, storm.Started));
        Assert.InRange((storm.Last - _start).TotalSeconds, 0, within);
        Assert.True(_watch.IsStorm(Victim, StormKind.BounceFlood));
        Assert.False(_watch.IsStorm(Victim, StormKind.MailBomb));
        Assert.InRange(_watch.RatePerMinute(Victim, StormKind.BounceFlood, at), 15, 130);
    }

    [Fact]
    public void Six_hundred_in_an_evening_are_a_storm()
    {
        Send(20, TimeSpan.FromHours(3.3), i => $"192.0.2.{i % 200}");
        Assert.InRange(Assert.Single(_told).Started - _start, TimeSpan.Zero, TimeSpan.FromMinutes(30));
        Assert.InRange(_told[0].Last - _start, TimeSpan.Zero, TimeSpan.FromMinutes(60));
    }

    [Fact]
    public void One_server_that_repeats_itself_causes_no_storm()
    {
        Send(1, TimeSpan.FromHours(1), i => i % 2 == 0 ? "192.0.2.1" : "192.0.2.2");
        Assert.Empty(_told);
    }

    [Fact]
    public void It_lasts_through_a_lull_and_ends_once()
    {
        var at = Send(3, TimeSpan.FromMinutes(10), i => $"192.0.2.{i % 200}");
        at = Quiet(at, TimeSpan.FromMinutes(35));
        Assert.Single(_told);
        at = Send(3, TimeSpan.FromMinutes(3), i => $"198.51.100.{i % 200}", at);
        Assert.Single(_told);
        Quiet(at, TimeSpan.FromHours(3));
        Assert.Equal(2, _told.Count);
        Assert.Equal((_told[0].Id, 260L), (_told[1].Id, _told[1].Count));
        Assert.InRange(_told[1].Ended!.Value - at, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(90));
        Assert.Empty(_watch.Active);
        Assert.False(_watch.IsStorm(Victim, StormKind.BounceFlood));
    }

    /// <summary>Three messages each half hour kept one up for ever, and so did one host alone.</summary>
    [Theory]
    [InlineData(3, 29, 200)]
    [InlineData(7, 29, 200)]
    [InlineData(2000, 29, 1)]
    [InlineData(2000, 29, 2)]
    public void It_is_kept_up_only_by_many_from_many(int messages, int everyMinutes, int hosts)
    {
        var at = Send(1, TimeSpan.FromMinutes(2), i => $"192.0.2.{i % 200}");
        for (var round = 0; round < 8; round++)
        {
            at = Quiet(at, TimeSpan.FromMinutes(everyMinutes));
            for (var i = 0; i < messages; i++)
            {
                _watch.Add(Sighting(Victim, $"198.51.100.{i % hosts}"), at);
            }
        }

        Assert.Equal(2, _told.Count);
        Assert.InRange(_told[1].Ended!.Value - _start, TimeSpan.FromMinutes(30), TimeSpan.FromHours(2.5));
    }

    /// <summary>Domains can be invented, networks cannot.</summary>
    [Fact]
    public void One_network_that_invents_domains_is_no_storm()
    {
        for (var i = 0; i < 500; i++)
        {
            _watch.Add(
                Sighting(Victim, "192.0.2.1") with { Kind = StormKind.MailBomb, Source = $"site{i}.example", Network = $"192.0.{i % 4}.0" },
                _start.AddSeconds(i));
        }

        Assert.Empty(_told);
        _watch.Add(
            Sighting(Victim, "192.0.2.1") with { Kind = StormKind.MailBomb, Source = "site.example", Network = "192.0.4.0" },
            _start.AddSeconds(501));
        Assert.Single(_told);
    }

    [Fact]
    public void Who_always_gets_many_has_a_storm_only_when_there_are_many_more()
    {
        // A list owner: an unproved report every two minutes, day and night, from everywhere.
        var at = Send(120, TimeSpan.FromDays(14), i => $"192.0.2.{i % 200}");
        at = Send(20, TimeSpan.FromHours(1), i => $"192.0.2.{i % 200}", at);
        Assert.Empty(_told);
        Send(1, TimeSpan.FromMinutes(5), i => $"192.0.2.{i % 200}", at);
        Assert.Single(_told);
    }

    [Fact]
    public void A_mailing_spread_over_many_addresses_is_one()
    {
        var at = _start;
        for (var i = 0; i < 200; i++, at += TimeSpan.FromSeconds(3))
        {
            _watch.Add(
                Sighting(
                    $"user{i % 150}@example.test", $"192.0.2.{i % 200}") with
                {
                    Campaign = new(
                        "cheap watches #", "Cheap watches 55"),
                    TellsMailing = true
                },
                at);
        }

        var storm = Assert.Single(_told);
        Assert.Equal("campaign:cheap watches #", storm.Victim);
        Assert.True(_watch.IsCampaign("cheap watches #", StormKind.BounceFlood));
        Assert.False(_watch.IsCampaign("another", StormKind.BounceFlood));
        Assert.False(_watch.IsStorm("user1@example.test", StormKind.BounceFlood));
    }

    /// <summary>A month of a small firm: strays, answers to holidays, and on one day the unproved part of a newsletter's returns.</summary>
    [Fact]
    public void A_month_of_normal_mail_has_none()
    {
        var random = new Random(7);
        for (var minute = 0; minute < 30 * 24 * 60; minute++)
        {
            var at = _start.AddMinutes(minute);
            var isOffice = at.Hour is >= 8 and < 18;
            for (var user = 0; user < 20; user++)
            {
                // A stray bounce or answer every few hours, a newsletter of a shop every hour, in clusters after the top of the hour.
                Maybe(random, 1 / 300.0, user, StormKind.BounceFlood, at);
                Maybe(random, isOffice ? 1 / 120.0 : 1 / 900.0, user, StormKind.AutoReplyFlood, at);
                Maybe(random, at.Minute < 5 ? 1 / 10.0 : 1 / 120.0, user, StormKind.MailBomb, at);
            }

            if (minute % 10 == 0)
            {
                _watch.Tick(at);
            }
        }

        Assert.Empty(_told);
    }

    [Fact]
    public void What_is_kept_of_a_storm_brings_it_back()
    {
        var at = Send(1, TimeSpan.FromMinutes(5), i => $"192.0.2.{i % 200}");
        var record = Assert.Single(_watch.Active);
        var again = new StormWatch(new()) { Changed = _told.Add };
        again.Resume(record, at);
        Assert.True(again.IsStorm(Victim, StormKind.BounceFlood));
        Assert.Equivalent(record, Assert.Single(again.Active));
        again.Add(Sighting(Victim, "192.0.2.1"), at);
        Assert.Equal(record.Count + 1, again.Active[0].Count);
    }

    [Fact]
    public void Invented_victims_cost_no_more_memory()
    {
        for (var i = 0; i < 60_000; i++)
        {
            _watch.Add(
                Sighting($"{i}@example.test", "192.0.2.1") with { Campaign = new($"shape {i}", "x"), TellsMailing = true },
                _start.AddMilliseconds(i));
        }

        Send(1, TimeSpan.FromMinutes(1), i => $"192.0.2.{i}");
        Assert.Single(_told);
    }

    /// <summary>Whatever comes in whatever order, each storm begins once and ends once, and counts what came in between.</summary>
    [Fact]
    public void Storms_begin_and_end_in_turn()
    {
        Gen.Select(Gen.Int[0, 2000], Gen.Int[0, 20], Gen.Int[0, 2]).Array[1, 300].Sample(steps =>
        {
            var told = new List<StormRecord>();
            var watch = new StormWatch(new() { FastCount = 4, SlowCount = 8, Sources = 2 }) { Changed = told.Add };
            var at = _start;
            foreach (var (seconds, host, kind) in steps)
            {
                at = at.AddSeconds(seconds / 10.0 * seconds / 10.0);
                watch.Add(Sighting(Victim, $"192.0.2.{host}") with { Kind = (StormKind)kind }, at);
                watch.Tick(at);
            }

            watch.Tick(at.AddDays(1));
            watch.Tick(at.AddDays(2));
            return watch.Active.Count == 0 && watch.ActiveCount == 0
                && told.GroupBy(s => s.Kind).All(g => g.Select((s, i) => s.Ended is null == (i % 2 == 0)).All(x => x))
                && told.Where(s => s.Ended is not null)
                .All(s => s.Count == s.Actions.Values.Sum() && s.Count == s.Minutes.Values.Sum() && s.Started <= s.Last);
        }, iter: 500);
    }

    private static StormSighting Sighting(string victim, string host) =>
        new(victim, StormKind.BounceFlood, host, host, StormAction.Filed, Reasons.Unproved(MailKind.Bounce));

    private void Maybe(Random random, double chance, int user, StormKind kind, DateTimeOffset at)
    {
        if (random.NextDouble() < chance)
        {
            var source = $"192.0.2.{random.Next(256)}";
            _watch.Add(
                Sighting(
                    $"user{user}@example.test", source) with
                {
                    Kind = kind,
                    Campaign = new CampaignKey(
                        $"shape {random.Next(500)}", "x"),
                    TellsMailing = true
                },
                at);
        }
    }

    private DateTimeOffset Send(double everySeconds, TimeSpan duration, Func<int, string> host, DateTimeOffset? from = null)
    {
        var at = from ?? _start;
        var end = at + duration;
        for (var i = 0; at < end; i++, at += TimeSpan.FromSeconds(everySeconds))
        {
            _watch.Add(Sighting(Victim, host(i)), at);
            if (i % 10 == 0)
            {
                _watch.Tick(at);
            }
        }

        return at;
    }

    private DateTimeOffset Quiet(DateTimeOffset from, TimeSpan duration)
    {
        var end = from + duration;
        for (; from < end; from += TimeSpan.FromSeconds(10))
        {
            _watch.Tick(from);
        }

        return from;
    }
}
