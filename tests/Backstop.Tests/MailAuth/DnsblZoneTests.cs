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

    [Fact]
    public async Task Silent_list_is_not_waited_for()
    {
        var silent = new TaskCompletionSource<IReadOnlyList<IPAddress>>();
        var first = true;
        var zone = new DnsblZone("bl.test", (name, _) => first || name.StartsWith("1.0.0", StringComparison.Ordinal) ? LookupAsync(name, Ct) : silent.Task, new(), _time);
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
    public void Private_addresses_are_on_no_list(string address, bool isPublic) => Assert.Equal(isPublic, DnsblName.IsPublic(IPAddress.Parse(address)));

    private async Task<DnsblZone> WorkingAsync()
    {
        var zone = Zone();
        await zone.TestAsync(Ct);
        Assert.Equal(DnsblState.Working, zone.State);
        return zone;
    }

    private DnsblZone Zone() => new("bl.test", LookupAsync, new(), _time);

    private Task<IReadOnlyList<IPAddress>> LookupAsync(string name, CancellationToken ct)
    {
        _asked++;
        return _broken ? Task.FromException<IReadOnlyList<IPAddress>>(new DnsLookupException("SERVFAIL"))
            : Task.FromResult<IReadOnlyList<IPAddress>>(_answers.TryGetValue(name, out var answer) ? [IPAddress.Parse(answer)] : []);
    }
}
