using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;
using Backstop.Judging;

namespace Backstop.Server.Web.Pages;

/// <summary>The pages for filed mail and recent decisions: search, explanation, giving back.</summary>
internal static class MessagePages
{
    private const int MaxText = 16 << 10;

    public static Markup List(
        Frame frame, string text, string folder, IReadOnlyList<string> folders, IReadOnlyList<FiledMessage> filed,
        IReadOnlyList<Decision> decisions)
    {
        var body = new Markup().Add(
            $"<form class=\"row\" method=\"get\" action=\"/messages\"><div><label for=\"q\">Sender, subject, address, reason or "
                + $"host</label><input id=\"q\" name=\"q\" type=\"search\" value=\"{text}\"></div><div><label "
                + $"for=\"folder\">Folder</label><select id=\"folder\" name=\"folder\"><option value=\"\">all</option>")
            .Each(
            folders,
            (m, f) => m.Add(f == folder ? new Markup().Add($"<option selected>{f}</option>") : new Markup().Add($"<option>{f}</option>")))
            .Add($"</select></div><button>Search</button></form>");
        body.Add($"<section><h2>Filed</h2>");
        body.Add(
            filed.Count == 0 ? new Markup().Add(
                $"<p class=\"soft\">Nothing found. If another server keeps the mailboxes, filed mail is in their "
                    + $"folders.</p>") : Filed(filed)).Add($"</section>");
        body.Add($"<section><h2>Recent decisions</h2>");
        return frame.Page(
            "Messages", "/messages",
            body.Add(
                decisions.Count == 0 ? new Markup().Add($"<p class=\"soft\">Nothing found.</p>") : Decided(decisions)).Add($"</section>"));
    }

    /// <summary>The page of one filed message.</summary>
    public static Markup One(
        Frame frame, FiledMessage message, ReadOnlyMemory<byte> octets, BounceReport report, Verdict verdict, ProofSet proofs)
    {
        var fields = new Markup().Add(
            $"{frame.Token}<input type=\"hidden\" name=\"mailbox\" value=\"{message.Mailbox}\"><input type=\"hidden\" name=\"folder\" "
                + $"value=\"{message.Folder}\"><input type=\"hidden\" name=\"id\" value=\"{message.Id}\">");
        var mine = report.Returned.MessageId is { Length: > 0 }
            ? new Markup().Add(
            $"<form method=\"post\" action=\"/messages/mine\">{fields}<button class=\"quiet\">This was mine: remember what it returns, "
                + $"and give it back</button></form>")
            : new Markup();
        var body = new Markup().Add(
            $"<section><dl><dt>Mailbox</dt><dd>{message.Mailbox}</dd><dt>Folder</dt><dd>{message.Folder}</dd><dt>From</dt><dd>"
                + $"{message.From}</dd><dt>Arrived</dt><dd>{message.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC</dd><dt>Filed "
                + $"because</dt><dd>{message.Reason}</dd>{Meaning(message.Reason)}</dl></section>")
            .Add(
            $"<section><h2>Do something</h2><div class=\"row\"><form class=\"row\" method=\"post\" "
                + $"action=\"/messages/release\">{fields}<button>Give back to INBOX</button></form>{mine}</div></section>")
            .Add(
            $"<section><h2>What it is</h2><dl><dt>Kind</dt><dd>{report.Kind.Word()} "
                + $"{report.Format}</dd>"
                + $"{Row("Returned subject", report.Returned.Subject)}{Row("Returned From", report.Returned.From)}"
                + $"{Row("Returned Message-ID", report.Returned.MessageId)}")
            .Each(report.Recipients.Take(10), (m, r) => m.Add($"<dt>{r.Action}</dt><dd>{r.Address} {r.Status} {r.Diagnostic}</dd>"))
            .Add(
            $"<dt>Today's verdict</dt><dd>{verdict.Action.ToString().ToLowerInvariant()} {verdict.Folder}, "
                + $"{verdict.Reason}</dd></dl></section>");
        if (proofs.All.Count > 0)
        {
            body.Add(
                $"<section><h2>Proofs that it returns your mail</h2><table><thead><tr><th scope=\"col\">Proof</th><th "
                    + $"scope=\"col\">Result</th><th scope=\"col\">Detail</th></tr></thead><tbody>")
                .Each(
                proofs.All,
                (m, p) => m.Add(
                    $"<tr><td>{p.Name}</td><td>{p.Result.ToString().ToLowerInvariant()}</td><td "
                        + $"class=\"text\">{p.Detail}</td></tr>")).Add($"</tbody></table></section>");
        }

        return frame.Page(
            message.Subject.Length > 0 ? message.Subject : "(no subject)", "/messages",
            body.Add(
                $"<section><h2>The message</h2><pre tabindex=\"0\" aria-label=\"The message as it "
                    + $"arrived\">{Text(octets)}</pre></section>"));
    }

    private static Markup Filed(IReadOnlyList<FiledMessage> filed) => new Markup()
        .Add(
        $"<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Arrived (UTC)</th><th scope=\"col\">Subject</th><th scope=\"col\" "
            + $"class=\"wide\">From</th><th scope=\"col\" class=\"wide\">Mailbox</th><th scope=\"col\">Folder, "
            + $"reason</th></tr></thead><tbody>")
        .Each(
        filed,
        (m, f) => m.Add(
            $"<tr><td class=\"when\">{f.At.UtcDateTime:MM-dd HH:mm}</td><td class=\"text\"><a "
                + $"href=\"/messages/one?mailbox={Uri.EscapeDataString(f.Mailbox)}&amp;folder={Uri.EscapeDataString(f.Folder)}&amp;"
                + $"id={Uri.EscapeDataString(f.Id)}\">{(f.Subject.Length > 0 ? f.Subject : "(no subject)")}</a></td><td class=\"text "
                + $"wide\">{f.From}</td><td class=\"text wide\">{f.Mailbox}</td><td>{f.Folder}<br><small "
                + $"class=\"soft\">{f.Reason}</small></td></tr>"))
        .Add($"</tbody></table></div>");

    private static Markup Decided(IReadOnlyList<Decision> decisions) => new Markup()
        .Add(
        $"<div class=\"scroll\"><table><thead><tr><th scope=\"col\">When (UTC)</th><th scope=\"col\">Stage, reason</th><th "
            + $"scope=\"col\">To</th><th scope=\"col\" class=\"wide\">From</th><th scope=\"col\" class=\"wide\">Client</th><th "
            + $"scope=\"col\" class=\"wide\">Subject</th></tr></thead><tbody>")
        .Each(
        decisions,
        (m, d) => m.Add(
            $"<tr><td class=\"when\">{d.At.UtcDateTime:HH:mm:ss}</td><td>{(d.Folder.Length > 0 ? d.Folder : d.Stage)}<br><small "
                + $"class=\"soft\">{d.Reason}</small></td><td class=\"text\">{d.To}</td><td class=\"text wide\">{d.From}</td><td "
                + $"class=\"wide\">{d.Client}</td><td class=\"text wide\">{d.Subject}</td></tr>"))
        .Add($"</tbody></table></div>");

    private static Markup Meaning(string word) => ServerReasons.Find(word) is { } reason
        ? new Markup().Add($"{Row("Meaning", reason.Meaning)}{Row("What you can do", reason.Advice)}")
        : new Markup();

    private static Markup Row(string name, string? value) =>
        string.IsNullOrEmpty(value) ? new Markup() : new Markup().Add($"<dt>{name}</dt><dd>{value}</dd>");

    private static string Text(ReadOnlyMemory<byte> octets)
    {
        var front = octets.Length > MaxText ? octets[..MaxText] : octets;
        var text = Encoding.UTF8.GetString(front.Span);
        return text + (octets.Length > MaxText ? "\n[...]" : "");
    }
}
