using System.Net;
using Backstop.MailAuth.Dnsbl;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.MailAuth;

public sealed class DnsblZoneTests
{
    private static readonly IPAddress _listed = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress _clean = IPAddress.Parse("198.51.100.1");
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal)
    {
        ["2.0.0.127.bl.test"] = "127.0.0.2",
        ["1.2.0.192.bl.test"] = "127.0.0.2",
    };

    private int _asked;
    private bool _broken;
    private bool _listsEverything;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Listed_address_is_found_and_the_answer_remembered()
    {
        var zone = await WorkingAsync();
        Assert.True(await zone.IsListedAsync(_listed, Ct));
        Assert.True(await zone.IsListedAsync(_listed, Ct));
        Assert.Equal(3, _asked);
    }

    [Fact]
    public async Task That_an_address_is_not_listed_is_remembered_too_but_for_less_long()
    {
        var zone = await WorkingAsync();
        Assert.False(await zone.IsListedAsync(_clean, Ct));
        Assert.False(await zone.IsListedAsync(_clean, Ct));
        Assert.Equal(3, _asked);
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.False(await zone.IsListedAsync(_clean, Ct));
        Assert.Equal(4, _asked);
    }

    [Fact]
    public async Task List_that_was_never_tested_lists_nobody()
    {
        Assert.False(await Zone().IsListedAsync(_listed, Ct));
        Assert.Equal(0, _asked);
    }

    [Theory]
    [InlineData("lists its own negative test point", "1.0.0.127.bl.test", "127.0.0.2", DnsblState.ListsEverything)]
    [InlineData("answers outside 127/8", "2.0.0.127.bl.test", "62.0.58.94", DnsblState.ListsEverything)]
    [InlineData("refuses us", "2.0.0.127.bl.test", "127.255.255.254", DnsblState.Gone)]
    public async Task Wrong_test_points_switch_a_list_off(string label, string name, string answer, DnsblState expected)
    {
        _answers[name] = answer;
        var zone = Zone();
        await zone.TestAsync(Ct);
        Assert.True(expected == zone.State, label);
        Assert.False(await zone.IsListedAsync(_listed, Ct), label);
    }

    [Fact]
    public async Task List_that_has_gone_is_noticed_and_comes_back()
    {
        _answers.Remove("2.0.0.127.bl.test");
        var zone = Zone();
        await zone.TestAsync(Ct);
        Assert.Equal(DnsblState.Gone, zone.State);
        _answers["2.0.0.127.bl.test"] = "127.0.0.2";
        await zone.TestAsync(Ct);
        Assert.True(await zone.IsListedAsync(_listed, Ct));
    }

    [Fact]
    public async Task Answer_outside_127_switches_a_list_off_between_tests()
    {
        var zone = await WorkingAsync();
        _answers["1.100.51.198.bl.test"] = "62.0.58.94";
        Assert.False(await zone.IsListedAsync(_clean, Ct));
        Assert.Equal(DnsblState.ListsEverything, zone.State);
    }

    [Theory]
    [InlineData("127.0.0.0", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.0.0.2", true)]
    [InlineData("127.0.0.10", true)]
    [InlineData("127.255.254.255", true)]
    [InlineData("127.255.255.252", false)]
    public async Task Listing_is_an_answer_from_127_0_0_2_on(string answer, bool isListed)
    {
        var zone = await WorkingAsync();
        _answers["1.100.51.198.bl.test"] = answer;
        Assert.Equal(isListed, await zone.IsListedAsync(_clean, Ct));
        Assert.Equal(DnsblState.Working, zone.State);
    }

    [Fact]
    public async Task Answers_outside_the_configured_codes_do_not_list()
    {
        _answers["1.2.0.192.bl.test"] = "127.0.0.10";
        var zone = new DnsblZone("bl.test", LookupAsync, new() { Codes = [Codes("127.0.0.2-127.0.0.9"), Codes("127.0.0.11")] }, _time);
        await zone.TestAsync(Ct);
        Assert.False(await zone.IsListedAsync(_listed, Ct));
        _answers["1.100.51.198.bl.test"] = "127.0.0.11";
        Assert.True(await zone.IsListedAsync(_clean, Ct));
    }

    [Theory]
    [InlineData("127.0.0.2", true)]
    [InlineData("127.0.0.2-127.0.0.11", true)]
    [InlineData("127.0.0.2-127.255.254.255", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.0.0.9-127.0.0.2", false)]
    [InlineData("127.0.0.2-127.255.255.255", false)]
    [InlineData("127.2", false)]
    [InlineData("127.0.0.2-127.0.0.3-127.0.0.4", false)]
    [InlineData("::1", false)]
    [InlineData("", false)]
    public void Codes_are_one_answer_or_a_range(string text, bool isOne)
    {
        Assert.Equal(isOne, DnsblCodes.TryParse(text, out var codes));
        Assert.Equal(isOne ? text : "0.0.0.0", codes.ToString());
    }

    /// <summary>
    /// A list that begins to list everybody is found out within a second and some twenty listings, not at the next regular test.
    /// </summary>
    [Fact]
    public async Task List_that_begins_to_list_everybody_is_found_out_while_it_is_asked()
    {
        var zone = await WorkingAsync();
        _time.Advance(TimeSpan.FromSeconds(30));
        _listsEverything = true;
        var believed = 0;
        for (byte i = 1; i <= 100; i++)
        {
            believed += await zone.IsListedAsync(new([203, 0, 113, i]), Ct) ? 1 : 0;
        }

        Assert.InRange(believed, 1, 20);
        Assert.Equal(DnsblState.ListsEverything, zone.State);

        // What it said meanwhile is forgotten with it.
        _listsEverything = false;
        await zone.TestAsync(Ct);
        Assert.Equal(DnsblState.Working, zone.State);
        Assert.False(await zone.IsListedAsync(new([203, 0, 113, 1]), Ct));
    }

    [Fact]
    public async Task First_listing_after_a_quiet_minute_asks_the_test_points()
    {
        var zone = await WorkingAsync();
        _time.Advance(TimeSpan.FromMinutes(2));
        _listsEverything = true;
        Assert.False(await zone.IsListedAsync(_clean, Ct));
        Assert.Equal(DnsblState.ListsEverything, zone.State);
    }

    /// <summary>In a storm of bounces most hosts are truly listed: that costs two questions a second at most.</summary>
    [Fact]
    public async Task True_listings_ask_the_test_points_seldom()
    {
        var zone = await WorkingAsync();
        for (var second = 0; second < 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var i = 0; i < 200; i++)
            {
                _answers[$"{i}.{second}.0.203.bl.test"] = "127.0.0.2";
                Assert.True(await zone.IsListedAsync(new([203, 0, (byte)second, (byte)i]), Ct));
            }
        }

        Assert.InRange(_asked, 2000, 2000 + 2 + (2 * 10));
    }

    [Fact]
    public async Task Whatever_a_resolver_throws_lists_nobody()
    {
        foreach (
            var error in (Exception[])[
                new InvalidOperationException(), new NotSupportedException(), new OverflowException(), new FormatException()])
        {
            var good = true;
            var zone = new DnsblZone("bl.test", (name, ct) => good ? LookupAsync(name, ct) : throw error, new(), _time);
            await zone.TestAsync(Ct);
            good = false;
            Assert.False(await zone.IsListedAsync(_listed, Ct));
            await zone.TestAsync(Ct);
            Assert.Equal(DnsblState.Working, zone.State);
        }
    }

    [Fact]
    public async Task Failures_open_the_breaker_and_time_closes_it()
    {
        var zone = await WorkingAsync();
        _broken = true;
        for (byte i = 1; i <= 5; i++)
        {
            Assert.False(await zone.IsListedAsync(new([203, 0, 113, i]), Ct));
        }

        Assert.True(zone.Rests);
        var asked = _asked;
        Assert.False(await zone.IsListedAsync(_listed, Ct));
        Assert.Equal(asked, _asked);
        _broken = false;
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(await zone.IsListedAsync(_listed, Ct));
    }

    /// <summary>Not every client in a flood waits for a list that is dead: one does, and the rest is renewed.</summary>
    [Fact]
    public async Task After_its_rest_one_question_tries_a_list()
    {
        var zone = await WorkingAsync();
        _broken = true;
        for (byte i = 1; i <= 5; i++)
        {
            Assert.False(await zone.IsListedAsync(new([203, 0, 113, i]), Ct));
        }

        _time.Advance(TimeSpan.FromMinutes(2));
        var asked = _asked;
        for (byte i = 1; i <= 5; i++)
        {
            Assert.False(await zone.IsListedAsync(new([203, 0, 113, i]), Ct));
        }

        Assert.Equal(asked + 1, _asked);
        Assert.True(zone.Rests);
    }

    [Fact]
    public async Task Silent_list_is_not_waited_for()
    {
        var silent = new TaskCompletionSource<IReadOnlyList<IPAddress>>();
        var first = true;
        var zone = new DnsblZone(
            "bl.test", (name, _) => first || name.StartsWith("1.0.0", StringComparison.Ordinal) ? LookupAsync(name, Ct) : silent.Task,
            new(), _time);
        await zone.TestAsync(Ct);
        first = false;
        var asking = zone.IsListedAsync(_listed, Ct);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(await asking);
    }

    [Theory]
    [InlineData("192.0.2.99", "99.2.0.192.bl.test")]
    [InlineData("::ffff:192.0.2.99", "99.2.0.192.bl.test")]
    [InlineData("2001:db8:1:2:3:4:567:89ab", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test")]
    public void Names_are_the_rfcs(string address, string name) => Assert.Equal(name, DnsblName.Of(IPAddress.Parse(address), "bl.test"));

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("fe80::1", false)]
    [InlineData("8.8.8.8", true)]
    public void Private_addresses_are_on_no_list(string address, bool isPublic) =>
        Assert.Equal(isPublic, DnsblName.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task Why_a_list_is_not_used_is_said_until_it_is_used_again()
    {
        var zone = Zone();
        Assert.Null(zone.Trouble);
        _broken = true;
        await zone.TestAsync(Ct);
        Assert.StartsWith("DNS gives no answer: ", zone.Trouble, StringComparison.Ordinal);
        _broken = false;
        await new DnsblChecker([zone]).TestSilentAsync(Ct);
        Assert.Null(zone.Trouble);
        _broken = true;
        for (var failures = 1; failures < new DnsblOptions().BreakAfter; failures++)
        {
            // A list that fails now and then is still asked.
            Assert.False(await zone.IsListedAsync(_clean, Ct));
            Assert.Null(zone.Trouble);
        }

        Assert.False(await zone.IsListedAsync(_clean, Ct));
        Assert.NotNull(zone.Trouble);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.NotNull(zone.Trouble);
        _broken = false;
        Assert.True(await zone.IsListedAsync(_listed, Ct));
        Assert.Null(zone.Trouble);
        _answers.Clear();
        await zone.TestAsync(Ct);
        Assert.Contains("not listed", zone.Trouble, StringComparison.Ordinal);
    }

    private async Task<DnsblZone> WorkingAsync()
    {
        var zone = Zone();
        await zone.TestAsync(Ct);
        Assert.Equal(DnsblState.Working, zone.State);
        return zone;
    }

    private static DnsblCodes Codes(string text)
    {
        Assert.True(DnsblCodes.TryParse(text, out var codes));
        return codes;
    }

    private DnsblZone Zone() => new("bl.test", LookupAsync, new(), _time);

    private Task<IReadOnlyList<IPAddress>> LookupAsync(string name, CancellationToken ct)
    {
        _asked++;
        return _broken ? Task.FromException<IReadOnlyList<IPAddress>>(new DnsLookupException("SERVFAIL"))
            : _listsEverything ? Task.FromResult<IReadOnlyList<IPAddress>>([IPAddress.Parse("127.0.0.2")])
            : Task.FromResult<IReadOnlyList<IPAddress>>(_answers.TryGetValue(name, out var answer) ? [IPAddress.Parse(answer)] : []);
    }
}
