using Backstop.Judging;
using Backstop.Server.Control;

namespace Backstop.Server.Web.Pages;

/// <summary>The pages about messages that wait in the spool.</summary>
internal static class QueuePages
{
    private static readonly string[] _reasons = [.. ServerReasons.ByStage.First(s => s.Stage == "queue").Reasons.Select(r => r.Word)];

    /// <summary>The list.</summary>
    /// <param name="frame">The parts that all pages share.</param>
    /// <param name="filter">What was searched for.</param>
    /// <param name="lines">The messages.</param>
    /// <param name="isCut">Whether there may be more.</param>
    public static Markup List(Frame frame, QueueFilter filter, IReadOnlyList<QueueLine> lines, bool isCut)
    {
        var body = new Markup().Add(
            $"<form class=\"row\" method=\"get\" action=\"/queue\"><div><label for=\"to\">Recipient, or @domain</label><input id=\"to\" "
                + $"name=\"to\" value=\"{filter.To}\"></div><div><label for=\"from\">Sender, @domain, or &lt;&gt;</label><input "
                + $"id=\"from\" name=\"from\" value=\"{filter.From}\"></div><div><label for=\"reason\">Reason</label><select id=\"reason\" "
                + $"name=\"reason\"><option value=\"\">any</option>")
            .Each(_reasons, (m, r) => m.Add($"<option{(r == filter.Reason ? new Markup().Add($" selected") : new Markup())}>{r}</option>"))
            .Add($"</select></div><button>Search</button></form><section><h2>Waiting</h2>");
        body.Add(lines.Count == 0 ? new Markup().Add($"<p class=\"soft\">No waiting message matches.</p>") : Table(lines));
        body.Add(isCut
            ? new Markup().Add($"<p class=\"soft\">The oldest {lines.Count} are shown; <code>backstop queue list</code> lists all.</p>")
            : new Markup());
        return frame.Page("Queue", "/queue", body.Add($"</section>"));
    }

    /// <summary>The page of one message.</summary>
    /// <param name="frame">The parts that all pages share.</param>
    /// <param name="line">The message.</param>
    public static Markup One(Frame frame, QueueLine line)
    {
        var reason = ServerReasons.Find(line.Reason);
        var body = new Markup().Add(
            $"<section><dl><dt>Sender</dt><dd>{Sender(line)}</dd><dt>Accepted</dt><dd>{line.Received.UtcDateTime:yyyy-MM-dd HH:mm:ss} "
                + $"UTC</dd><dt>Size</dt><dd>{line.Size} octets</dd><dt>Waits because</dt><dd>{line.Reason}</dd>"
                + $"{Row("Meaning", reason?.Meaning)}{Row("What you can do", reason?.Advice)}</dl></section>")
            .Add($"<section><h2>Do something</h2><div class=\"row\">{Button(frame, line, QueueVerbs.Deliver, "Try now")}")
            .Add(line.Reason == ServerReasons.QueueHeld.Word
                ? Button(frame, line, QueueVerbs.Release, "Release")
                : Button(frame, line, QueueVerbs.Hold, "Put on hold"))
            .Add(
            $"</div><p class=\"soft\">To send it to another mailbox: <code>backstop queue redirect {line.Id} ADDRESS</code>; to delete it: "
                + $"<code>backstop queue delete {line.Id}</code></p></section>")
            .Add(
            $"<section><h2>Copies</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">To</th><th scope=\"col\">Folder</th><th "
                + $"scope=\"col\">Reason, error</th><th scope=\"col\" class=\"n\">Tries</th><th scope=\"col\">Next try "
                + $"(UTC)</th></tr></thead><tbody>")
            .Each(line.Copies, (m, c) => m.Add(
                $"<tr><td class=\"text\">{To(c)}</td><td class=\"text\">{c.Folder} of {c.Path}</td><td class=\"text\">{c.Reason}<br><small "
                    + $"class=\"soft\">{c.Error}</small></td><td class=\"n\">{c.Tries}</td><td "
                    + $"class=\"when\">{c.NextTry?.UtcDateTime:HH:mm:ss}</td></tr>"))
            .Add($"</tbody></table></div></section>");
        return frame.Page("Message " + line.Id, "/queue", body);
    }

    private static Markup Table(IReadOnlyList<QueueLine> lines) => new Markup()
        .Add(
        $"<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Accepted (UTC)</th><th scope=\"col\">Message</th><th "
            + $"scope=\"col\">Reason, error</th><th scope=\"col\" class=\"wide\">From</th><th scope=\"col\">To</th><th scope=\"col\" "
            + $"class=\"n wide\">Octets</th><th scope=\"col\" class=\"n wide\">Tries</th><th scope=\"col\" class=\"wide\">Next "
            + $"try</th></tr></thead><tbody>")
        .Each(lines, (m, l) => m.Add(
            $"<tr><td class=\"when\">{l.Received.UtcDateTime:MM-dd HH:mm}</td><td><a href=\"/queue/{l.Id}\">{l.Id}</a></td><td "
                + $"class=\"text\">{l.Reason}<br><small class=\"soft\">{l.Error}</small></td><td class=\"text wide\">{Sender(l)}</td><td "
                + $"class=\"text\">{string.Join(", ", l.Copies.Select(To))}</td><td class=\"n wide\">{l.Size}</td><td class=\"n "
                + $"wide\">{l.Tries}</td><td class=\"when wide\">{l.NextTry?.UtcDateTime:HH:mm:ss}</td></tr>"))
        .Add($"</tbody></table></div>");

    private static Markup Button(Frame frame, QueueLine line, string verb, string text) => new Markup().Add(
        $"<form method=\"post\" action=\"/queue/{verb}\">{frame.Token}<input type=\"hidden\" name=\"id\" value=\"{line.Id}\"><button "
            + $"class=\"quiet\">{text}</button></form>");

    private static string Sender(QueueLine line) => line.Sender.Length > 0 ? line.Sender : "<>";

    private static string To(CopyLine copy) => copy.Recipients.Count > 0 ? string.Join(", ", copy.Recipients) : copy.Mailbox ?? copy.Path;

    private static Markup Row(string name, string? value) =>
        string.IsNullOrEmpty(value) ? new Markup() : new Markup().Add($"<dt>{name}</dt><dd>{value}</dd>");
}
