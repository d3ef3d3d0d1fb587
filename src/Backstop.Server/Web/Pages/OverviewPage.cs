using System.Text.Json;
using Backstop.Backscatter.Storms;
using Backstop.Judging;
using Backstop.Judging.Protections;
using Backstop.Server.Status;
using static Backstop.Server.Web.Pages.Overview;

namespace Backstop.Server.Web.Pages;

/// <summary>
/// The first page: at which stage mail is refused, whether real mail still arrives, and that we generated none.
/// </summary>
internal static class OverviewPage
{
    private const int MaxReasons = 15;

    public static Markup Write(Frame frame, ServerStatus status, ActivityFigures figures, IReadOnlyList<StormSummary> storms)
    {
        var overview = Of(figures, storms, status);
        var body = State(storms, overview)
            .Add(Tiles(overview)).Add(Stages(overview))
            .Add(
            $"<section><h2>Messages a minute, last two hours (UTC)</h2><div id=\"chart\" class=\"chart\" role=\"img\" "
                + $"aria-label=\"Refused, deferred, filed and real messages a minute; the table below has the last "
                + $"minutes\"></div><details><summary>The last ten minutes as a table</summary>{Minutes(figures)}</details></section>")
            .Add($"<div class=\"columns\">{Reasons(figures)}{Health(overview)}</div>")
            .Add(Protections(status))
            .Add($"<script type=\"application/json\" id=\"figures\">{Json(overview)}</script>");
        return frame.Page("Overview", "/", body, "uPlot.css", "uPlot.js");
    }

    private static Markup State(IReadOnlyList<StormSummary> storms, Overview overview)
    {
        var state = new Markup().Add(
            $"<section id=\"state\" class=\"state {(storms.Count > 0 ? "storm" : "calm")}\" data-storms=\"{overview.StormIds}\" "
                + $"aria-live=\"polite\">");
        state.Add(storms.Count == 0 ? new Markup().Add($"<p><strong>Calm.</strong> No storm.</p>") : new Markup());
        return state.Each(storms, (m, s) => m.Add(
                $"<p><strong>Storm</strong> since {s.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {s.Kind} to <a "
                    + $"href=\"/storms/{s.Id}\">{s.Victim}</a>, <span data-f=\"storm-{s.Id}\">{Count(s.Count)}</span> messages from "
                    + $"{Count(s.Hosts)} hosts{PutAside(s)}.</p>"))
            .Add(
            $"<p class=\"soft\"><span data-f=\"now\">{overview.Texts["now"]}</span> UTC, <span id=\"live\">as of "
                + $"loading</span></p></section>");
    }

    // An owner who waits for a message must know that not all mail of strangers is in the inbox.
    private static Markup PutAside(StormSummary storm) => storm.Kind != StormKind.MailBomb.Word()
        ? new Markup()
        : new Markup().Add(
        $"; <strong><span data-f=\"filed-{storm.Id}\">{Count(storm.Filed)}</span> were filed</strong>: <a "
            + $"href=\"/messages?q=storm:bomb\">look through them</a> for mail that you expect");

    private static Markup Tiles(Overview overview) => new Markup().Add($"<div class=\"tiles\">")
        .Add(Tile("of-refused", "early", "refused before their data", "cheapest: at connect, MAIL or RCPT", overview))
        .Add(Tile(
        "of-real", "real", "real messages delivered", null, overview,
        new Markup().Add(
            $"<small>last <span data-f=\"lastReal\">{overview.Texts["lastReal"]}</span>, slowest of the hour <span "
                + $"data-f=\"slowest\">{overview.Texts["slowest"]}</span></small>")))
        .Add(Tile("of-report", "generated", "messages we generated", "alerts by mail, if you ask; no bounce, ever", overview))
        .Add(Tile("of-filed", "filed", "filed", "in Backscatter, Flood and Junk", overview))
        .Add($"</div>");

    private static Markup Tile(string color, string name, string what, string? more, Overview overview, Markup? extra = null) =>
        new Markup().Add(
            $"<div class=\"tile {color}\"><b "
                + $"data-f=\"{name}\">{overview.Texts[name]}</b>"
                + $"{what}{extra ?? (more is null ? new Markup() : new Markup().Add($"<small>{more}</small>"))}</div>");

    private static Markup Stages(Overview overview)
    {
        (string Name, string Color, string What)[] parts =
        [
            ("early", "of-refused", "refused before data"), (
                "atData", "of-data", "refused at the end of data"), (
                    "deferred", "of-deferred", "deferred (451)"), ("filed", "of-filed", "filed"),
        ];
        return new Markup().Add(
            $"<section><h2>At which stage unwanted mail was stopped, last 24 hours</h2><svg class=\"stages\" viewBox=\"0 0 100 3\" "
                + $"preserveAspectRatio=\"none\" aria-hidden=\"true\">")
            .Each(
            parts.Select((p, i) => (Part: p, At: parts.Take(i).Sum(b => overview.Shares[b.Name]))),
            (m, p) => m.Add(
                $"<rect class=\"{p.Part.Color}\" data-share=\"{p.Part.Name}\" x=\"{p.At}\" width=\"{overview.Shares[p.Part.Name]}\" "
                    + $"height=\"3\"/>"))
            .Add($"</svg><ul class=\"legend\">")
            .Each(
            parts,
            (m, p) => m.Add($"<li><i class=\"{p.Color}\"></i><span data-f=\"{p.Name}\">{overview.Texts[p.Name]}</span> {p.What}</li>"))
            .Add($"</ul></section>");
    }

    private static Markup Minutes(ActivityFigures figures) => new Markup()
        .Add(
        $"<table><thead><tr><th scope=\"col\">UTC</th><th scope=\"col\" class=\"n\">refused</th><th scope=\"col\" class=\"n\">put "
            + $"off</th><th scope=\"col\" class=\"n\">filed</th><th scope=\"col\" class=\"n\">real</th></tr></thead><tbody>")
        .Each(figures.Minutes.TakeLast(10).Reverse(), (m, c) => m.Add(
            $"<tr><td>{DateTimeOffset.FromUnixTimeSeconds(c.At).UtcDateTime:HH:mm}</td><td "
                + $"class=\"n\">{c.Counts[(int)Outcome.RefusedEarly] + c.Counts[(int)Outcome.RefusedAtData]}</td><td "
                + $"class=\"n\">{c.Counts[(int)Outcome.Deferred]}</td><td class=\"n\">{c.Counts[(int)Outcome.Filed]}</td><td "
                + $"class=\"n\">{c.Counts[(int)Outcome.Delivered]}</td></tr>"))
        .Add($"</tbody></table>");

    private static Markup Reasons(ActivityFigures figures)
    {
        var most = figures.Reasons.Take(MaxReasons).ToList();
        var section = new Markup().Add($"<section><h2>Reasons since {figures.Since.UtcDateTime:yyyy-MM-dd HH:mm} UTC</h2>");
        return most.Count == 0
            ? section.Add($"<p class=\"soft\">No mail yet.</p></section>")
            : section.Add(
            $"<table><thead><tr><th scope=\"col\">Stage</th><th scope=\"col\">Reason</th><th scope=\"col\" class=\"n\">Count</th><th "
                + $"scope=\"col\" class=\"wide\">Share</th></tr></thead><tbody>")
                .Each(
                most,
                (m, r) => m.Add(
                    $"<tr><td>{r.Stage}</td><td class=\"text\"><a href=\"/messages?q={Uri.EscapeDataString(r.Reason)}\" "
                        + $"title=\"{ServerReasons.Find(r.Reason)?.Meaning ?? ""}\">{r.Reason}</a></td><td "
                        + $"class=\"n\">{Count(r.Count)}</td><td class=\"bars wide\"><meter min=\"0\" max=\"{most[0].Count}\" "
                        + $"value=\"{r.Count}\" aria-label=\"{r.Reason}\"></meter></td></tr>"))
                .Add($"</tbody></table></section>");
    }

    private static Markup Health(Overview overview)
    {
        (string What, string Name)[] rows =
        [
            ("Half of real mail is delivered within", "p50"), ("99 of 100 within", "p99"), (
                "The slowest of the last hour", "slowest"), ("Proved automatic answers delivered", "reports"),
            ("Waiting in the spool", "waiting"), ("Sessions", "sessions"), ("Ladder", "ladder"), (
                "Free on the spool's disk", "free"), ("Folders that fail", "failing"),
            ("Networks that guess addresses", "harvest"), ("Protections that do not work", "down"),
        ];
        return new Markup().Add($"<section><h2>How real mail fares</h2><dl>")
            .Each(rows, (m, r) => m.Add($"<dt>{r.What}</dt><dd data-f=\"{r.Name}\">{overview.Texts[r.Name]}</dd>")).Add($"</dl></section>");
    }

    private static Markup Protections(ServerStatus status)
    {
        var missing = status.Protections.Where(p => p.State is ProtectionState.Down or ProtectionState.Off)
            .OrderByDescending(p => p.State).ToList();
        return missing.Count == 0
            ? new()
            : new Markup().Add(
                $"<section><h2>Protections that are off</h2><table><thead><tr><th scope=\"col\">Protection</th><th "
                    + $"scope=\"col\">Why, and what to do</th></tr></thead><tbody>")
                .Each(
                missing,
                (m, p) => m.Add(
                    $"<tr><td class=\"name\">{p.Name}</td><td class=\"text\">"
                        + $"{(p.State == ProtectionState.Down ? "does not work" : "off")}: {p.Why}<br>{p.Do}</td></tr>"))
                .Add($"</tbody></table></section>");
    }

    // Inside a script element only "</" could end it. The encoder escapes <, so the text is safe.
    private static RawText Json(Overview overview) => new(JsonSerializer.Serialize(overview, WebJson.Default.Overview));
}
