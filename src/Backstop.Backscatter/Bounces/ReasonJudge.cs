namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Says why a recipient failed, and whether its address is of any use: first by words that only mean one thing, then by a code that
/// does, then by words that make a vague code clear, then by the vague code. Pure: what a recipient carries gives the same answer
/// whenever it is asked.
/// </summary>
internal static class ReasonJudge
{
    // Replies are short; a report says why in its first lines.
    private const int MaxText = 4096;

    /// <summary>The class, or null where nothing failed.</summary>
    /// <param name="recipient">A recipient.</param>
    public static BounceClass? Of(ReportedRecipient recipient)
    {
        if (recipient.Action is not ("failed" or "delayed"))
        {
            return null;
        }

        var said = Text(recipient.Diagnostic ?? recipient.SaidInText);
        var (status, code, mark) = Code(recipient, said);
        var place = "reply";
        var phrase = ReasonTable.Find(said, status, code.IsFirm ? static p => p.IsStrong : static _ => true);
        if (phrase is null && !code.IsFirm)
        {
            place = "report";
            phrase = ReasonTable.Find(Text(recipient.ReportText), status, static p => p.IsForReports);
        }

        var reason = phrase?.Reason ?? code.Reason;
        var isDelayed = recipient.Action == "delayed";
        var isCoded = !ReasonTable.IsAlwaysSoft(reason);

        // What speaks against the address is hard unless the server says that it may change; what tells nothing only where the
        // server says that it will not.
        var isHard = isCoded && !isDelayed && (reason == BounceReason.Unknown ? status?[0] == '5' : status?[0] != '4');
        var evidence = new List<string>(3);
        Add(evidence, phrase is not null, $"{place} says \"{phrase?.Words}\"");
        Add(evidence, status is not null && (phrase is null || isCoded), $"status {status}{mark}");
        Add(evidence, isDelayed && isCoded, "action delayed");
        return new(isHard, reason, evidence);
    }

    /// <summary>Whether the report's text would be looked at: nothing that was said of the recipient decides alone.</summary>
    /// <param name="recipient">A recipient.</param>
    public static bool WantsText(ReportedRecipient recipient) =>
        recipient.Action is "failed" or "delayed" && !ReasonTable.OfCode(recipient.Status).IsFirm;

    /// <summary>As much of a text as is looked at: a report that is kept must not keep 32 KiB of text with it.</summary>
    /// <param name="text">A text.</param>
    public static string Start(string text) => text.Length > MaxText ? text[..MaxText] : text;

    // The code that tells more: the report's own may be 5.0.0 where the reply has 5.1.1.
    private static (string? Status, ReasonCode Code, string Mark) Code(ReportedRecipient recipient, string said)
    {
        var status = recipient.Status is ['4' or '5', '.', ..] ? recipient.Status : null;
        var isInferred = recipient.StatusSource == StatusSource.Inferred;
        var code = ReasonTable.OfCode(status);

        // An inferred status is only another word for words, and these are looked at here.
        code = code with { IsFirm = code.IsFirm && !isInferred };
        var inReply = StatusWords.Given(said);
        var replyCode = ReasonTable.OfCode(inReply);
        return inReply is not null && (status is null || Rank(replyCode) > Rank(code))
            ? (inReply, replyCode, "")
            : (status, code, isInferred ? " (inferred)" : "");
    }

    private static int Rank(ReasonCode code) => code.IsFirm ? 2 : code.Reason == BounceReason.Unknown ? 0 : 1;

    // A folded field has more than one space where it was folded.
    private static string Text(string? text) => text is null ? "" : BounceContent.Collapse(Start(text));

    private static void Add(List<string> evidence, bool isSo, string text)
    {
        if (isSo)
        {
            evidence.Add(text);
        }
    }
}
