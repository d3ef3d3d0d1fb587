namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Decides why delivery to a recipient failed, and whether the address is still usable: first by unambiguous words,
/// then by an unambiguous code, then by words that explain a vague code, then by the vague code. Pure: the result
/// depends only on the recipient's data.
/// </summary>
internal static class ReasonJudge
{
    // Replies are short, and a report states the reason in its first lines.
    private const int MaxText = 4096;

    /// <summary>Returns the class, or null if nothing failed.</summary>
    /// <param name="recipient">A recipient, of whose report the text is read if nothing else decides.</param>
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

        // A reason against the address is hard unless the server says that it may change; an unknown reason is hard
        // only if the server says that it will not change.
        var isHard = isCoded && !isDelayed && (reason == BounceReason.Unknown ? status?[0] == '5' : status?[0] != '4');
        var evidence = new List<string>(3);
        Add(evidence, phrase is not null, $"{place} says \"{phrase?.Words}\"");
        Add(evidence, status is not null && (phrase is null || isCoded), $"status {status}{mark}");
        Add(evidence, isDelayed && isCoded, "action delayed");
        return new(isHard, reason, evidence);
    }

    /// <summary>Whether the report's text is needed: nothing said about the recipient itself is decisive.</summary>
    /// <param name="recipient">A recipient of a report.</param>
    public static bool WantsText(ReportedRecipient recipient) =>
        recipient.Action is "failed" or "delayed" && !ReasonTable.OfCode(recipient.Status).IsFirm;

    /// <summary>Returns the part of a text that is read, so that a stored report does not keep 32 KiB of text.</summary>
    /// <param name="text">The text of a report.</param>
    public static string Start(string text) => text.Length > MaxText ? text[..MaxText] : text;

    // The more specific code: the report's own may be 5.0.0 when the reply has 5.1.1.
    private static (string? Status, ReasonCode Code, string Mark) Code(ReportedRecipient recipient, string said)
    {
        var status = recipient.Status is ['4' or '5', '.', ..] ? recipient.Status : null;
        var isInferred = recipient.StatusSource == StatusSource.Inferred;
        var code = ReasonTable.OfCode(status);

        // An inferred status only restates words, which are examined here anyway.
        code = code with { IsFirm = code.IsFirm && !isInferred };
        var inReply = StatusWords.Given(said);
        var replyCode = ReasonTable.OfCode(inReply);
        return inReply is not null && (status is null || Rank(replyCode) > Rank(code))
            ? (inReply, replyCode, "")
            : (status, code, isInferred ? " (inferred)" : "");
    }

    private static int Rank(ReasonCode code) => code.IsFirm ? 2 : code.Reason == BounceReason.Unknown ? 0 : 1;

    // A folded field has several spaces where it was folded.
    private static string Text(string? text) => text is null ? "" : BounceContent.Collapse(Start(text));

    private static void Add(List<string> evidence, bool isSo, string text)
    {
        if (isSo)
        {
            evidence.Add(text);
        }
    }
}
