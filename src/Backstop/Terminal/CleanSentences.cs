using System.Globalization;
using Backstop.Clean;
using Backstop.Clean.Imap;
using Backstop.Mail;

namespace Backstop.Terminal;

/// <summary>Writes the last lines of <c>clean</c>: the sums, what was done, and the next command.</summary>
internal static class CleanSentences
{
    public static IEnumerable<string> Of(CleanPlan plan, SentMail sent, CleanSummary sum, CleanOptions options, CleanOutput show)
    {
        yield return Text($"{ShownText.Of(sum.Mailbox, 200)}: {sum.Messages:N0} messages in {sum.Seconds:F1} s");
        yield return Text($"  {sum.Backscatter,9:N0} backscatter: answers to mail you never sent");
        yield return Text($"  {sum.Ours,9:N0} ours, answers to mail you did send: they stay");
        yield return Text($"  {sum.Kept - sum.Ours,9:N0} other mail: it stays");
        yield return Text($"  {sum.Unsure,9:N0} unsure: they stay{(sum.Unsure > 0 ? "; --only ID moves an unsure campaign too" : "")}");
        yield return sent.IsKnown
            ? Text($"known of your sent mail: {sent.Count:N0} messages{Since(sent)}")
            : "known of your sent mail: nothing. Name your Sent folder with --sent FOLDER (or use --no-sent, "
                + "which moves genuine bounces too)";
        yield return Done(plan, sum, options);
        if (Next(plan, sum, options, show) is { } next)
        {
            yield return "  " + next;
        }
    }

    private static string Since(SentMail sent) => sent.Since > DateTimeOffset.MinValue ? Text($", since {sent.Since:yyyy-MM-dd}") : "";

    private static string Done(CleanPlan plan, CleanSummary sum, CleanOptions options)
    {
        var where = options.Target.IsDelete ? "out of the mailbox" : "to " + options.Target.Folder;
        if (!options.IsApply)
        {
            return plan.ToMove.Count == 0
                ? "Nothing to move."
                : Text($"Nothing was changed. To move {plan.ToMove.Count:N0} messages {where}:");
        }

        var left = plan.ToMove.Count - sum.Moved;
        return (sum.Moved, left) switch
        {
            (0, 0) => "Nothing to move.",
            (0, _) => Text($"Nothing was moved: {left:N0} messages {Left(sum)}"),
            (_, 0) => Text($"Moved {sum.Moved:N0} messages {where}. To take it back:"),
            _ => Text($"Moved {sum.Moved:N0} messages {where}; {left:N0} {Left(sum)}. To take it back:"),
        };
    }

    // A server that breaks off a batch leaves the rest of it; over IMAP the two cannot be told apart.
    private static string Left(CleanSummary sum) => ImapAddress.Is(sum.Mailbox)
        ? "stay, because the server broke off or another program changed them meanwhile: run it again"
        : "were changed by another program meanwhile and stay: run it again";

    private static string? Next(CleanPlan plan, CleanSummary sum, CleanOptions options, CleanOutput show) =>
        options.IsApply ? sum.Moved > 0 ? $"backstop undo {sum.Run}{show.RepeatedByUndo}" : null
        : plan.ToMove.Count > 0 ? $"backstop clean {ShellWords.Quote(sum.Mailbox)}{show.Repeated} --apply"
        : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
