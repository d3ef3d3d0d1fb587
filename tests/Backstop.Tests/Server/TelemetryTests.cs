using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Backstop.Tests.Server;

/// <summary>Figures under stable names: what the Grafana dashboard asks for is what the server offers.</summary>
public sealed partial class TelemetryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Grafana_dashboard_asks_for_what_there_is()
    {
        await using var server = await TestServer.StartAsync();
        await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", "Subject: x\n\nhello\n");
        await ServerMail.SendAsync(server, "<a@example.net>", "nobody@example.org", "Subject: x\n\nhello\n");
        await server.DeliveredAsync();
        using var client = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        var offered = Name().Matches(await client.GetStringAsync("/metrics", Ct)).Select(m => m.Value).ToHashSet(StringComparer.Ordinal);
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(
            Path.Combine(HouseRulesTests.Root(), "docs", "grafana", "backstop.json"), Ct));
        var asked = dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .SelectMany(t => Name().Matches(t.GetProperty("expr").GetString()!)).Select(m => m.Value).Distinct().ToList();
        Assert.True(asked.Count > 12);
        Assert.Empty(asked.Except(offered));
    }

    /// <summary>The reader of one server once heard the meters of all, and showed the figure of the one heard last.</summary>
    [Fact]
    public async Task Servers_in_one_process_count_apart()
    {
        await using var busy = await TestServer.StartAsync();
        await using var idle = await TestServer.StartAsync();
        await ServerMail.SendAsync(busy, "<a@example.net>", "me@example.org", "Subject: x\n\nhello\n");
        await busy.DeliveredAsync();
        using var client = new HttpClient();
        Assert.Matches("(?m)^backstop_messages_total{.*} 1\\b", await client.GetStringAsync(new Uri($"http://{busy.Web}/metrics"), Ct));
        Assert.DoesNotContain(
            "backstop_messages_total{", await client.GetStringAsync(new Uri($"http://{idle.Web}/metrics"), Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_and_readiness_are_told_apart()
    {
        await using var server = await TestServer.StartAsync(o => o.Spool.MinFree = new(1L << 50));
        using var client = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        Assert.Equal("ok\n", await client.GetStringAsync("/healthz", Ct));
        using var ready = await client.GetAsync("/readyz", Ct);
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "no room in the spool\n"), (ready.StatusCode, await ready.Content.ReadAsStringAsync(Ct)));
    }

    [GeneratedRegex(@"\bbackstop_\w+")]
    private static partial Regex Name();
}
