using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using Backstop.Backscatter.Campaigns;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Clean.Report;

/// <summary>Writes the report about a mailbox: one HTML file that loads nothing and has no script.</summary>
internal static class CleanReport
{
    private const int MaxCampaigns = 40;
    private const int MaxRows = 15;

    /// <summary>Returns the page.</summary>
    /// <param name="mailbox">The mailbox's name, for the title.</param>
    /// <param name="plan">The campaigns and messages.</param>
    /// <param name="summary">The counts.</param>
    /// <param name="now">The time of the report.</param>
    /// <param name="undoOptions">Options that follow <c>backstop undo RUN</c>, each after a blank.</param>
    public static string Write(string mailbox, CleanPlan plan, CleanSummary summary, DateTimeOffset now, string undoOptions)
    {
        var page = new StringBuilder();
        page.Append(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
                + "initial-scale=1\">")
            .Append(
            CultureInfo.InvariantCulture, $"<title>Backscatter in {Html(mailbox)}</title><style>{Style()}</style></head><body><main>")
            .Append(
            CultureInfo.InvariantCulture,
            $"<h1>Backscatter in {Html(mailbox)}</h1><p class=\"soft\">{Html(Headline(summary, now, undoOptions))}</p>");
        Tiles(page, summary);
        if (plan.Messages.Count > 0)
        {
            Arrivals(page, plan);
        }

        Campaigns(
            page, "What came back",
            "Each row is one mailing that somebody sent with your address as its sender, as its bounces and answers show.",
            plan.Backscatter, "backscatter");
        page.Append("<div class=\"columns\">");
        Bars(
            page, "Kinds",
            plan.Backscatter.SelectMany(c => c.Kinds).GroupBy(
                k => k.Key, k => k.Value, StringComparer.Ordinal).Select(g => (g.Key, g.Sum())));
        var hosts = plan.Messages.Where(m => m.Finding is { Pile: Pile.Backscatter, Host: not null })
            .CountBy(m => m.Finding.Host!, StringComparer.Ordinal).Select(h => (h.Key, h.Value)).ToList();
        Bars(page, string.Create(CultureInfo.InvariantCulture, $"Busiest of {hosts.Count:N0} hosts"), hosts);
        Bars(
            page, "Busiest networks",
            plan.Messages.Where(m => m.Finding is { Pile: Pile.Backscatter, Address: not null }).CountBy(
                m => Networks.Around(m.Finding.Address!), StringComparer.Ordinal).Select(h => (h.Key, h.Value)));
        page.Append("</div>");
        Campaigns(
            page, "Unsure, left alone", "It cannot be told for certain whether these answer mail that you sent.", plan.Unsure, "unsure");
        return page.Append("</main></body></html>\n").ToString();
    }

    private static string Headline(CleanSummary s, DateTimeOffset now, string undoOptions)
    {
        var done = s.Run is null ? "nothing was changed"
            : s.Moved == 0 ? "nothing was moved"
            : Text($"{s.Moved:N0} messages were moved{(s.To.Length > 0 ? " to " + s.To : " out")}; ")
                + $"backstop undo {s.Run}{undoOptions} takes it back";
        return Text($"{now:yyyy-MM-dd HH:mm} UTC: {s.Messages:N0} messages read, {s.Sent:N0} sent messages known; {done}.");
    }

    private static void Tiles(StringBuilder page, CleanSummary s)
    {
        page.Append("<div class=\"tiles\">");
        foreach (var (pile, count, what) in new[]
        {
            ("backscatter", s.Backscatter, "answers to mail you never sent"), ("ours", s.Ours, "answers to mail you did send: they stay"),
            ("mail", s.Kept - s.Ours, "other mail: it stays"), ("unsure", s.Unsure, "unsure: they stay"),
        })
        {
            page.Append(CultureInfo.InvariantCulture, $"<div class=\"tile\" style=\"--of:var(--{pile})\"><b>{count:N0}</b>{what}</div>");
        }

        page.Append("</div>");
    }

    private static void Arrivals(StringBuilder page, CleanPlan plan)
    {
        page.Append(
            CultureInfo.InvariantCulture,
            $"<section><h2>Arrivals, messages in {ArrivalChart.SpanOf(plan.Messages)} (UTC)</h2><div "
                + $"class=\"scroll\">{ArrivalChart.Draw(plan.Messages)}</div><ul class=\"legend\">");
        foreach (var pile in new[] { "backscatter", "unsure", "ours", "mail" })
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<li><i style=\"--of:var(--{pile})\"></i>{(pile == "ours" ? "answers to your mail" : pile)}</li>");
        }

        page.Append("</ul></section>");
    }

    private static void Campaigns(StringBuilder page, string title, string about, IReadOnlyList<Campaign> campaigns, string pile)
    {
        if (campaigns.Count == 0)
        {
            return;
        }

        page.Append(
            CultureInfo.InvariantCulture,
            $"<section><h2>{title}: {campaigns.Count:N0} {(campaigns.Count == 1 ? "campaign" : "campaigns")}</h2><p "
                + $"class=\"soft\">{about}</p><div class=\"scroll\"><table>")
            .Append(
            "<tr><th>Returned subject</th><th class=\"n\">Messages</th><th></th><th>When (UTC)</th><th "
                + "class=\"n\">Hosts</th><th>Busiest host</th><th>Id</th></tr>");
        foreach (var c in campaigns.Take(MaxCampaigns))
        {
            var busiest = c.Busiest(1).Select(h => Text($"{h.Key} ({h.Value})"));
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=\"text\">{Html(ShownText.Of(c.Label, 120))}<br><small class=\"soft\">{Html(Kinds(c))}</small></td><td "
                    + $"class=\"n\">{c.Count:N0}</td><td class=\"bars\">{Bar(c.Count, campaigns[0].Count, pile)}</td>")
                .Append(
                CultureInfo.InvariantCulture,
                $"<td class=\"when\">{When(c)}</td><td class=\"n\">{c.Hosts.Count:N0}</td><td "
                    + $"class=\"host\">{Html(string.Concat(busiest))}</td><td><code>{c.Id}</code></td></tr>");
        }

        page.Append("</table></div>");
        if (campaigns.Count > MaxCampaigns)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"soft\">and {campaigns.Count - MaxCampaigns:N0} more with "
                    + $"{campaigns.Skip(MaxCampaigns).Sum(c => c.Count):N0} messages</p>");
        }

        page.Append("</section>");
    }

    private static void Bars(StringBuilder page, string title, IEnumerable<(string Name, int Count)> rows)
    {
        var most = rows.OrderByDescending(r => r.Count).ThenBy(r => r.Name, StringComparer.Ordinal).Take(MaxRows).ToList();
        if (most.Count == 0)
        {
            return;
        }

        page.Append(CultureInfo.InvariantCulture, $"<section><h2>{title}</h2><table>");
        foreach (var (name, count) in most)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=\"text\">{Html(ShownText.Of(name, 80))}</td><td class=\"n\">{count:N0}</td><td "
                    + $"class=\"wide\">{Bar(count, most[0].Count, "backscatter")}</td></tr>");
        }

        page.Append("</table></section>");
    }

    private static string Kinds(Campaign c) =>
        string.Join(", ", c.Kinds.OrderByDescending(k => k.Value).Select(k => Text($"{k.Value:N0} {k.Key}")));

    private static string When(Campaign c) => c.First.UtcDateTime.Date == c.Last.UtcDateTime.Date
        ? Text($"{c.First.UtcDateTime:yyyy-MM-dd HH:mm} to {c.Last.UtcDateTime:HH:mm}")
        : Text($"{c.First.UtcDateTime:yyyy-MM-dd} to {c.Last.UtcDateTime:yyyy-MM-dd}");

    private static string Bar(int count, int most, string pile) =>
        Text($"<span class=\"bar\" style=\"--of:var(--{pile});width:{100.0 * count / most:F1}%\"></span>");

    private static string Html(string text) => WebUtility.HtmlEncode(ShownText.Of(text));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Style()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
