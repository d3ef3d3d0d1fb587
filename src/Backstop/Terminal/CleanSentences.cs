using System.Globalization;
using Backstop.Clean;
using Backstop.Mail;

namespace Backstop.Terminal;

/// <summary>Writes the last lines of <c>clean</c>: the sums, what was done, and the next command.</summary>
internal static class CleanSentences
{
    public static IEnumerable<string> Of(CleanPlan plan, SentMail sent, CleanSummary sum, CleanOptions options)
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
        if (Next(plan, sum, options) is { } next)
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
        var rest = left > 0 ? Text($"; {left:N0} were changed by another program meanwhile and stay: run it again") : "";
        return sum.Moved == 0 && left == 0
            ? "Nothing to move."
            : Text($"Moved {sum.Moved:N0} messages {where}{rest}. To take it back:");
    }

    private static string? Next(CleanPlan plan, CleanSummary sum, CleanOptions options) =>
        options.IsApply ? sum.Moved > 0 ? $"backstop undo {sum.Run}" : null
        : plan.ToMove.Count > 0 ? $"backstop clean {Quote(sum.Mailbox)}{Same(options)} --apply"
        : null;

    // Repeats the options that chose these messages.
    private static string Same(CleanOptions options) => string.Concat(
        [
            .. options.Sent.Select(s => " --sent " + Quote(s)), options.IsWithoutSent ? " --no-sent" : "",
            .. options.Only.Select(o => " --only " + o), .. options.Except.Select(e => " --except " + e),
            options.Target.IsDelete ? " --delete" : options.Target.Folder == "Backscatter" ? "" : " --to " + Quote(options.Target.Folder),
            options.Since > DateTimeOffset.MinValue ? Text($" --since {options.Since:O}") : "",
            options.Until < DateTimeOffset.MaxValue ? Text($" --until {options.Until:O}") : "",
        ]);

    private static string Quote(string text) =>
        text.All(c => char.IsLetterOrDigit(c) || "/._-:@+~%".Contains(c, StringComparison.Ordinal))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
