using System.Net;
using Backstop.Judging.Clients;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>When a network is turned away for asking for addresses that do not exist.</summary>
public sealed class HarvestWatchTests : IDisposable
{
    private const int Max = 100;

    private static readonly IPAddress _client = IPAddress.Parse("203.0.113.9");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 6, 0, 0, TimeSpan.Zero));
    private readonly ClientHistory _history;
    private readonly HarvestWatch _watch;
    private readonly LogLines _log = new();
    private readonly ILoggerFactory _logs;

    public HarvestWatchTests()
    {
        _logs = LoggerFactory.Create(l => l.AddProvider(_log));
        _history = new(_time);
        _watch = new(Max, _history, _time, _logs.CreateLogger<HarvestWatch>());
    }

    public void Dispose()
    {
        _logs.Dispose();
        _log.Dispose();
    }

    /// <summary>A list of 1,000 addresses, a fifth of which are dead, at one provider's network.</summary>
    [Fact]
    public void Recipients_that_get_mail_buy_errors()
    {
        _watch.NoteAccepted(_client, 150);
        Guess(_client, Max + 150);
        Assert.Equal(Harvesting.None, _watch.Of(_client));
        Guess(_client, 1);
        Assert.Equal(Harvesting.Refused, _watch.Of(_client));
        _watch.NoteAccepted(_client, 1);
        Assert.Equal(Harvesting.None, _watch.Of(_client));
    }

    /// <summary>One mail that somebody wanted does not let the network guess on: only its guessing sessions end.</summary>
    [Fact]
    public void Network_with_wanted_mail_is_watched()
    {
        Guess(_client, Max);
        _history.NoteWanted(_client, () => false);
        Assert.Equal(Harvesting.None, _watch.Of(_client));
        Guess(_client, 1);
        Assert.Equal(Harvesting.Watched, _watch.Of(_client));
        Assert.False(_watch.IsHarvesting(_client));
    }

    [Fact]
    public void Each_harvest_is_told_once_in_a_line_of_one_form_and_in_the_figures()
    {
        Assert.Equal(new HarvestFigures(0, 0, "", null), _watch.Figures);
        _watch.NoteAccepted(_client, 2);
        Guess(_client, 3 * Max);
        Guess(IPAddress.Parse("2001:db8:1:2::1"), Max + 1);
        Assert.Equal(
            [
                "harvest network=203.0.113.0/24 client=203.0.113.9 errors=103 accepted=2 action=refuse minutes=10",
                "harvest network=2001:db8:1:2::/64 client=2001:db8:1:2::1 errors=101 accepted=0 action=refuse minutes=10",
            ],
            _log.All);
        Assert.Equal(new HarvestFigures(2, 2, "2001:db8:1:2::/64", _time.GetUtcNow()), _watch.Figures);
        _time.Advance(HarvestWatch.Window);
        Assert.Equal((2, 0), (_watch.Figures.Attempts, _watch.Figures.Networks));
    }

    [Fact]
    public void Network_is_turned_away_from_the_guess_that_is_too_many_and_for_ten_minutes()
    {
        Guess(_client, Max);
        Assert.False(_watch.IsHarvesting(_client));
        _time.Advance(TimeSpan.FromMinutes(9));
        Guess(IPAddress.Parse("203.0.113.200"), 1);
        Assert.True(_watch.IsHarvesting(_client));
        Assert.False(_watch.IsHarvesting(IPAddress.Parse("203.0.112.9")));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(_watch.IsHarvesting(_client));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(_watch.IsHarvesting(_client));
        Guess(_client, Max);
        Assert.False(_watch.IsHarvesting(_client));
    }

    [Fact]
    public void Dead_addresses_over_a_day_are_no_harvest()
    {
        for (var i = 0; i < 100; i++)
        {
            Guess(_client, Max);
            _time.Advance(HarvestWatch.Window);
            Assert.False(_watch.IsHarvesting(_client));
        }
    }

    /// <summary>A provider's servers send to dead addresses too, and its users' mail is not held up for it.</summary>
    [Fact]
    public void Network_from_which_wanted_mail_came_lately_is_never_turned_away()
    {
        Guess(_client, 10 * Max);
        Assert.True(_watch.IsHarvesting(_client));
        _history.NoteWanted(IPAddress.Parse("203.0.113.77"), () => false);
        Assert.False(_watch.IsHarvesting(_client));
        Assert.True(_history.HasWantedNear(_client));
        Assert.False(_history.HasWantedNear(IPAddress.Parse("203.0.112.9")));
    }

    [Fact]
    public void Host_is_its_whole_network_in_ipv6()
    {
        Guess(IPAddress.Parse("2001:db8:1:2::1"), Max + 1);
        Assert.True(_watch.IsHarvesting(IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.False(_watch.IsHarvesting(IPAddress.Parse("2001:db8:1:3::1")));
    }

    private void Guess(IPAddress client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _watch.Note(client);
        }
    }
}
