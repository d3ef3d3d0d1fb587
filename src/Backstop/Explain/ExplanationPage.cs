using Backstop.Judging.Explain;
using Backstop.Mail;
using Spectre.Console;

namespace Backstop.Explain;

/// <summary>
/// Prints explanations for people: one screen for one message, with the reason first; or one line for each of several
/// messages.
/// </summary>
internal static class ExplanationPage
{
    private const int MaxRecipients = 5;
    private const int MaxReferences = 3;
    private const int MaxText = 160;

    /// <summary>Prints the explanation of one message on a screen.</summary>
    public static void WritePage(IAnsiConsole console, Explanation e)
    {
        console.MarkupLine($"[bold]{Escape(e.Path)}[/]");
        console.MarkupLine($"[{Colour(e.Verdict)}]{Escape(ExplanationSentence.Of(e))}[/]");
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2))
            .AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        Row(grid, "verdict", $"{e.Verdict}{(e.Folder.Length > 0 ? $" to {e.Folder}" : "")}, because {e.Reason}");
        Row(grid, "next", e.Because.Advice);
        Row(grid, "kind", Kind(e));
        Row(
            grid, "message",
            $"\"{e.Subject}\" from {e.From ?? "nobody"}, null sender: "
                + $"{e.NullReversePath switch { true => "yes", false => "no", _ => "not known" }}");
        Row(grid, "seen by", string.Join("; ", e.Evidence));
        Row(grid, "against", string.Join("; ", e.EvidenceAgainst));
        if (e.HeaderDamage is { } damage)
        {
            var rest = damage.IsCut ? "the header ends there" : "more fields follow and were read";
            Row(grid, "header", $"line {damage.Line} is damaged; {rest}");
        }

        Row(grid, "server", e.ReportingMta ?? "");
        foreach (var r in e.Recipients.Take(MaxRecipients))
        {
            var status = r.Status is null ? "" : $" {r.Status}{(r.StatusSource == "inferred" ? " (inferred)" : "")}";
            var found = r.Class is null ? "" : $", {r.Class} ({r.ClassReason})";
            Row(grid, "about", $"{r.Address} {r.Action}{status}{found}{(r.Diagnostic is null ? "" : ": " + r.Diagnostic)}");
        }

        Row(grid, "", e.Recipients.Count > MaxRecipients ? $"and {e.Recipients.Count - MaxRecipients} more" : "");
        Returned(grid, e.Returned);
        Row(grid, "answers", e.Kind == "none" ? "" : string.Join(", ", e.References.Take(MaxReferences).Select(id => $"<{id}>")));
        foreach (var proof in e.Proofs.Where(p => p.Result != "none" || p.Detail.Length > 0))
        {
            Row(
                grid, "proof", $"{proof.Proof}: {proof.Result}{(proof.Detail.Length > 0 ? $", {proof.Detail}" : "")}",
                proof.Result switch { "pass" => "green", "fail" => "red", _ => "default" });
        }

        var silent = e.Proofs.Where(p => p.Result == "none" && p.Detail.Length == 0).Select(p => p.Proof).ToList();
        Row(grid, "proof", silent.Count > 0 ? $"nothing from {string.Join(", ", silent)}" : "", "grey");
        Row(grid, "covered", e.Coverage is { } c ? $"{(c.IsCovered ? "yes" : "no")}, {c.Address}: {c.Why}" : "");
        console.Write(grid);
        console.WriteLine();
    }

    /// <summary>Returns the explanation of one message as a line.</summary>
    public static string Line(Explanation e) =>
        $"{e.Verdict,-7} {Kind(e),-24} {e.Reason,-22} {ShownText.Of(e.Returned.Subject ?? e.Subject, 40),-40} {ShownText.Of(e.Path, 400)}";

    private static string Kind(Explanation e) => e.Format.Length > 0 ? $"{e.Kind} ({e.Format})" : e.Kind;

    private static void Returned(Grid grid, ExplainedReturn returned)
    {
        if (returned.Carrier == "none")
        {
            return;
        }

        // Some bounces return nothing but the Message-ID.
        var isKnown = (returned.Subject ?? returned.From ?? returned.To ?? returned.Date) is not null;
        if (isKnown)
        {
            var (from, to) = (returned.From ?? "?", returned.To ?? "?");
            Row(grid, "returns", $"\"{returned.Subject}\" from {from} to {to}, {returned.Date ?? "no date"}");
        }

        var signed = returned.DkimSignature ? ", DKIM-signed" : "";
        Row(grid, isKnown ? "" : "returns", $"<{returned.MessageId}> as {returned.Carrier}, {returned.Received.Count} Received{signed}");
    }

    private static void Row(Grid grid, string name, string text, string colour = "default")
    {
        if (text.Length > 0)
        {
            grid.AddRow(new Markup($"[grey]{name}[/]"), new Markup($"[{colour}]{Escape(ShownText.Of(text, MaxText))}[/]"));
        }
    }

    private static string Colour(string verdict) => verdict switch { "deliver" => "green", "file" => "yellow", _ => "red" };

    private static string Escape(string text) => Markup.Escape(ShownText.Of(text, 1000));
}
