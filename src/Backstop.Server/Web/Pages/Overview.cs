using System.Globalization;
using System.Text.Json.Serialization;
using Backstop.Backscatter.Storms;
using Backstop.Judging;
using Backstop.Server.Status;

namespace Backstop.Server.Web.Pages;

/// <summary>One minute of the chart.</summary>
internal sealed record OverviewMinute(long At, long Refused, long Deferred, long Filed, long Real);

/// <summary>
/// The content of the overview: texts by name, shares of the bar in percent, and the chart. The page is made from it,
/// and events send it again.
/// </summary>
internal sealed record Overview(
    IReadOnlyDictionary<string, string> Texts, IReadOnlyDictionary<string, double> Shares, IReadOnlyList<OverviewMinute> Minutes,
    int Storms, string StormIds)
{
    /// <summary>Collects the content.</summary>
    public static Overview Of(ActivityFigures figures, IReadOnlyList<StormSummary> storms, ServerStatus status)
    {
        var early = figures.Of(Outcome.RefusedEarly);
        var atData = figures.Of(Outcome.RefusedAtData);
        var deferred = figures.Of(Outcome.Deferred);
        var filed = figures.Of(Outcome.Filed);
        var all = Math.Max(1, early + atData + deferred + filed);
        var texts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["early"] = Count(early),
            ["atData"] = Count(atData),
            ["deferred"] = Count(deferred),
            ["filed"] = Count(filed),
            ["real"] = Count(figures.Of(Outcome.Delivered)),
            ["reports"] = Count(figures.Of(Outcome.DeliveredReport)),
            ["lastReal"] = figures.LastReal is { } last ? last.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture) : "none yet",
            ["slowest"] = Duration(figures.Slowest),
            ["p50"] = Duration(figures.P50),
            ["p99"] = Duration(figures.P99),
            ["generated"] = Count(status.MessagesGenerated),
            ["waiting"] = Count(status.Waiting),
            ["sessions"] = Sessions(status),
            ["free"] = string.Create(CultureInfo.InvariantCulture, $"{status.FreeBytes / (double)(1 << 30):F1} GiB"),
            ["ladder"] = status.Ladder,
            ["harvest"] = status.Harvest.Attempts == 0
                ? "none"
                : $"{Count(status.Harvest.Networks)} now, {Count(status.Harvest.Attempts)} since the start, last {status.Harvest.Last}",
            ["failing"] = Count(status.Failing.Count),
            ["down"] = status.Down.Any() ? string.Join(", ", status.Down.Select(p => p.Name)) : "none",
            ["now"] = figures.Now.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        };
        foreach (var storm in storms)
        {
            texts["storm-" + storm.Id] = Count(storm.Count);
            texts["filed-" + storm.Id] = Count(storm.Filed);
        }

        var shares = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["early"] = Share(early),
            ["atData"] = Share(atData),
            ["deferred"] = Share(deferred),
            ["filed"] = Share(filed)
        };
        return new(texts, shares, [.. figures.Minutes.Select(Minute)], storms.Count, string.Join(' ', storms.Select(s => s.Id)));

        double Share(long count) => Math.Round(100.0 * count / all, 2);
    }

    /// <summary>Formats a number for people.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Sessions(ServerStatus status)
    {
        var lanes = status.Lanes.Where(l => l.Value > 0).Select(l => $"{Count(l.Value)} {l.Key}").ToList();
        return Count(status.Sessions) + (lanes.Count > 0 ? $" ({string.Join(", ", lanes)})" : "");
    }

    private static OverviewMinute Minute(MinuteCount minute)
    {
        var counts = minute.Counts;
        return new(
            minute.At, counts[(int)Outcome.RefusedEarly] + counts[(int)Outcome.RefusedAtData], counts[(int)Outcome.Deferred],
            counts[(int)Outcome.Filed], counts[(int)Outcome.Delivered]);
    }

    private static string Duration(double milliseconds) =>
        milliseconds < 1000
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:F0} ms")
            : string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:F1} s");
}

/// <summary>JSON serialization of the dashboard.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Overview))]
internal sealed partial class WebJson : JsonSerializerContext;
