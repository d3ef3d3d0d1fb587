using System.Reflection;
using System.Text;
using Backstop.Backscatter.Storms;
using Backstop.Server.Web.Pages;

namespace Backstop.Server.Web;

/// <summary>Writes an incident report of storms: one HTML page that loads nothing.</summary>
internal static class StormReport
{
    /// <summary>Returns the page.</summary>
    /// <param name="host">The name of the server.</param>
    /// <param name="storms">The storms, the latest first.</param>
    /// <param name="since">The time from which storms are reported; null for all.</param>
    /// <param name="now">The time of the report.</param>
    public static string Write(string host, IReadOnlyList<StormRecord> storms, DateTimeOffset? since, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(storms);
        var page = new Markup();
        page.Add(
            $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
                + $"initial-scale=1\"><title>Storms at "
                + $"{host}</title><style>{new RawText(Style())}</style></head><body><main><h1>Storms at {host}</h1>")
            .Add(
            $"<p class=\"soft\">{now.UtcDateTime:yyyy-MM-dd HH:mm} "
                + $"UTC{(since is { } from ? $", since {from.UtcDateTime:yyyy-MM-dd HH:mm}" : "")}: {storms.Count} "
                + $"{(storms.Count == 1 ? "storm" : "storms")}, {Overview.Count(storms.Sum(s => s.Count))} messages from "
                + $"{Overview.Count(storms.SelectMany(s => s.Hosts.Keys).Distinct(StringComparer.Ordinal).Count())} hosts, of which "
                + $"{Overview.Count(Sum(storms, StormAction.RefusedAtRcpt) + Sum(storms, StormAction.RefusedAtData))} were refused, "
                + $"{Overview.Count(Sum(storms, StormAction.Deferred))} deferred and {Overview.Count(Sum(storms, StormAction.Filed))} "
                + $"filed. Backstop generated no message.</p>");
        foreach (var storm in storms)
        {
            page.Add($"<h2>{storm.Victim}</h2>{StormPages.Content(storm)}");
        }

        return page.Add($"</main></body></html>\n").ToString();
    }

    private static long Sum(IReadOnlyList<StormRecord> storms, StormAction action) => storms.Sum(s => s.Of(action));

    private static string Style()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("web/app.css")!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
