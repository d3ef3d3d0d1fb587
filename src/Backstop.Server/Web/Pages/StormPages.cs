using Backstop.Backscatter.Storms;
using Backstop.Configuration.Options;
using static Backstop.Server.Web.Pages.Overview;

namespace Backstop.Server.Web.Pages;

/// <summary>The pages of storms: the list, and one storm.</summary>
internal static class StormPages
{
    private const int MaxRows = 15;

    public static Markup List(Frame frame, IReadOnlyList<StormRecord> storms)
    {
        var body = storms.Count == 0
            ? new Markup().Add(
            $"<p class=\"soft\">No storm yet. One begins when an address gets many unwanted messages from many sources: "
                + $"bounces of mail it never sent, automatic answers, or list confirmations.</p>")
            : new Markup().Add(
            $"<section><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Since (UTC)</th><th scope=\"col\">Until</th><th "
                + $"scope=\"col\">Victim</th><th scope=\"col\">Kind</th><th scope=\"col\" class=\"n\">Messages</th><th scope=\"col\" "
                + $"class=\"n\">Most a minute</th><th scope=\"col\" class=\"n\">Hosts</th></tr></thead><tbody>")
                .Each(
                storms,
                (m, s) => m.Add(
                    $"<tr><td class=\"when\"><a href=\"/storms/{s.Id}\">{s.Started.UtcDateTime:yyyy-MM-dd HH:mm}</a></td><td "
                        + $"class=\"when\">{Until(s)}</td><td class=\"text\">{s.Victim}</td><td>{s.Kind}</td><td "
                        + $"class=\"n\">{Count(s.Count)}</td><td class=\"n\">{Count(s.Peak)}</td><td "
                        + $"class=\"n\">{Count(s.Hosts.Count)}</td></tr>"))
                .Add($"</tbody></table></div></section>");
        return frame.Page("Storms", "/storms", body);
    }

    public static Markup One(Frame frame, StormRecord storm)
    {
        var strict = storm.Ended is null && storm.Kind == StormKind.BounceFlood.Word() && storm.Victim.Contains('@')
            && storm.Victim[0] != '@' && !storm.Victim.StartsWith("campaign:", StringComparison.Ordinal)
            ? new Markup().Add(
            $"<form class=\"row\" method=\"post\" action=\"/actions/strict\">{frame.Token}<input type=\"hidden\" name=\"address\" "
                + $"value=\"{storm.Victim}\"><input type=\"hidden\" name=\"hours\" value=\"24\"><button>Strict for 24 hours: refuse "
                + $"every bounce without a tag</button></form>")
            : new Markup();
        var body = Content(storm).Add(
            $"<section><h2>Do something</h2>{strict}<p>The hosts, for others to use: <a "
                + $"href=\"/storms/{storm.Id}/hosts?format=plain\">plain list</a>, <a "
                + $"href=\"/storms/{storm.Id}/hosts?format=rbldnsd\">rbldnsd zone</a>, <a "
                + $"href=\"/storms/{storm.Id}/hosts?format=zone\">DNS zone</a>, <a "
                + $"href=\"/storms/{storm.Id}/hosts?format=postfix\">Postfix access map</a>. The whole record: <a "
                + $"href=\"/api/storms/{storm.Id}\">JSON</a>.</p></section>");
        return frame.Page($"Storm to {storm.Victim}", "/storms", body);
    }

    /// <summary>Describes a storm, for its page and for the report.</summary>
    public static Markup Content(StormRecord storm)
    {
        var body = new Markup().Add(
            $"<p>{storm.Kind}, {storm.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC until {Until(storm)}: {Count(storm.Count)} messages from "
                + $"{Count(storm.Hosts.Count)} hosts, at most {Count(storm.Peak)} a minute.</p><div class=\"tiles\">")
            .Each(
            Enum.GetValues<StormAction>(),
            (m, a) => m.Add($"<div class=\"tile {Color(a)}\"><b>{Count(storm.Of(a))}</b>{Words(a)}</div>"))
            .Add($"</div>");
        if (storm.Minutes.Count > 0)
        {
            body.Add(
                $"<section><h2>Messages over time (UTC)</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Messages "
                    + $"over time\">{BarChart.Draw(storm.Minutes, "Messages of the storm over time")}</div></section>");
        }

        if (storm.Example is { } example)
        {
            body.Add(
                $"<section><h2>An example "
                    + $"message</h2><dl><dt>Subject</dt><dd>{example.Subject}</dd><dt>From</dt><dd>{example.From}</dd>{Returned(example)}"
                    + $"</dl></section>");
        }

        return body.Add($"<div class=\"columns\">")
            .Add(Table("Mailings", storm.Campaigns.Select(c => (c.Label, c.Count))))
            .Add(Table("Why", storm.Reasons.Select(r => (r.Key, r.Value))))
            .Add(Table("Busiest hosts", storm.Hosts.Select(h => (h.Key, h.Value))))
            .Add(Table(
            "Busiest networks",
            storm.Hosts.GroupBy(h => Networks.Around(h.Key), h => h.Value, StringComparer.Ordinal).Select(g => (g.Key, g.Sum()))))
            .Add($"</div>");
    }

    private static Markup Returned(StormExample example) =>
        example.ReturnedSubject.Length + example.ReturnedFrom.Length + example.ReturnedMessageId.Length == 0
        ? new Markup()
        : new Markup().Add(
        $"<dt>Returned subject</dt><dd>{example.ReturnedSubject}</dd><dt>Returned From</dt><dd>{example.ReturnedFrom}</dd><dt>Returned "
            + $"Message-ID</dt><dd>{example.ReturnedMessageId}</dd>");

    private static Markup Table(string title, IEnumerable<(string Name, long Count)> rows)
    {
        var most = rows.OrderByDescending(r => r.Count).ThenBy(r => r.Name, StringComparer.Ordinal).Take(MaxRows).ToList();
        return most.Count == 0
            ? new Markup()
            : new Markup().Add(
            $"<section><h2>{title}</h2><table><thead><tr><th scope=\"col\">{title}</th><th scope=\"col\" class=\"n\">Messages</th><th "
                + $"scope=\"col\" class=\"wide\">Share</th></tr></thead><tbody>")
                .Each(
                most,
                (m, r) => m.Add(
                    $"<tr><td class=\"text\">{r.Name}</td><td class=\"n\">{Count(r.Count)}</td><td class=\"bars wide\"><meter "
                        + $"min=\"0\" max=\"{most[0].Count}\" value=\"{r.Count}\" aria-label=\"{r.Name}\"></meter></td></tr>"))
                .Add($"</tbody></table></section>");
    }

    private static string Until(StormRecord storm) =>
        storm.Ended is { } ended
            ? ended.UtcDateTime.ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture)
            : "now";

    private static string Color(StormAction action) => action switch
    {
        StormAction.RefusedAtRcpt => "of-refused",
        StormAction.RefusedAtData => "of-data",
        StormAction.Deferred => "of-deferred",
        StormAction.Filed => "of-filed",
        _ => "of-real",
    };

    private static string Words(StormAction action) => action switch
    {
        StormAction.RefusedAtRcpt => "refused before data",
        StormAction.RefusedAtData => "refused at the end of data",
        StormAction.Deferred => "deferred",
        StormAction.Filed => "filed",
        _ => "in the inbox",
    };
}
