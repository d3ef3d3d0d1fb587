using System.Net;
using System.Text.Json;
using Backstop.Judging.Protections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>A protection that mail passes without is named: in the log once, in status, health, metrics and on the dashboard.</summary>
public sealed class ProtectionTests : IDisposable
{
    private readonly LogLines _lines = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _lines.Dispose();

    /// <summary>The server goes on, also for a load balancer; the list is used again a minute after DNS answers.</summary>
    [Fact]
    public async Task A_list_whose_resolver_is_dead_is_named_once_and_when_it_works_again()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        await using var dns = new TestDns { ["2.0.0.127.bl.test"] = "127.0.0.2" };
        dns.Twist = (_, reply) => [.. reply[..3], 0x82, .. reply[4..]];
        await using var server = await TestServer.StartAsync(
            o => o.Dnsbl = new() { Zones = ["bl.test"], Resolvers = [dns.EndPoint] }, time, b => b.AddProvider(_lines));
        await UntilAsync(() => Down() == 1);
        using var http = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        Assert.StartsWith("ok\nbl.test: DNS gives no answer", await http.GetStringAsync("/healthz", Ct), StringComparison.Ordinal);
        Assert.Equal("down", await StateAsync(http, "bl.test"));
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Contains("bl.test</td><td class=\"text\">does not work", await http.GetStringAsync("/", Ct), StringComparison.Ordinal);
        var metric = Assert.Single(
            (await http.GetStringAsync("/metrics", Ct)).Split('\n'),
            l => l.StartsWith("backstop_protection_working{", StringComparison.Ordinal)
                && l.Contains("name=\"bl.test\"", StringComparison.Ordinal));
        Assert.Contains("} 0", metric, StringComparison.Ordinal);
        for (var minutes = 0; minutes < 10; minutes++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(1, Down());
        dns.Twist = (_, reply) => reply;
        await UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return _lines.All.Contains("list bl.test works again");
        });
        Assert.Equal("on", await StateAsync(http, "bl.test"));
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz", Ct));
        Assert.Equal(1, Down());

        int Down() => _lines.All.Count(l => l.StartsWith("list bl.test does not work", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_configuration_leaves_off_is_named_at_the_start_and_in_the_status()
    {
        await using var server = await TestServer.StartAsync(logging: b => b.AddProvider(_lines));
        await UntilAsync(() => _lines.All.Any(l => l.StartsWith("off by the configuration", StringComparison.Ordinal)));
        Assert.Contains("DNS lists: no DNS list is asked", Assert.Single(_lines.All, IsOff), StringComparison.Ordinal);
        using var http = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        Assert.Equal("off", await StateAsync(http, "DNS lists"));
        Assert.Equal("on", await StateAsync(http, "journal"));

        static bool IsOff(string line) => line.StartsWith("off by the configuration", StringComparison.Ordinal);
    }

    /// <summary>A change is logged, whatever is between two looks; a protection that a reload takes away is forgotten.</summary>
    [Fact]
    public void Each_change_is_logged_once()
    {
        var watch = new ProtectionWatch(new LoggerFactory([_lines]).CreateLogger<ProtectionWatch>());
        foreach (var state in new[]
        {
            ProtectionState.Starting, ProtectionState.Down, ProtectionState.Down, ProtectionState.Starting, ProtectionState.Down,
            ProtectionState.On, ProtectionState.On, ProtectionState.Down,
        })
        {
            watch.Look([new("filter", "spamd", state, "late", "look"), new("store", "journal", state, "locked")]);
        }

        watch.Look([]);
        watch.Look([new("filter", "spamd", ProtectionState.On)]);
        const string Down = "filter spamd does not work, and mail passes without it: late; look";
        Assert.Equal([Down, "filter spamd works again", Down], _lines.All);
    }

    private static async Task<string?> StateAsync(HttpClient http, string name)
    {
        using var status = JsonDocument.Parse(await http.GetStringAsync("/status", Ct));
        return status.RootElement.GetProperty("protections").EnumerateArray()
            .First(p => p.GetProperty("name").GetString() == name).GetProperty("state").GetString();
    }

    private static async Task UntilAsync(Func<bool> isDone)
    {
        while (!isDone())
        {
            await Task.Delay(10, Ct);
        }
    }
}
