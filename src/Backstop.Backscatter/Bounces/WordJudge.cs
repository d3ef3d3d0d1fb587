namespace Backstop.Backscatter.Bounces;

/// <summary>A decision about the kind, with its evidence.</summary>
/// <param name="Kind">What the message is; none for mail.</param>
/// <param name="Format">The dialect, or empty.</param>
/// <param name="For">The evidence for the kind.</param>
/// <param name="Against">The evidence against it.</param>
/// <param name="IsCertain">Whether it is certain enough for the message to be filed or moved.</param>
internal sealed record WordDecision(MailKind Kind, string Format, IReadOnlyList<string> For, IReadOnlyList<string> Against, bool IsCertain);

/// <summary>
/// Decides by words if structure has not decided. Words alone never decide: people quote bounces and write about them.
/// Each kind weighs its evidence on a sheet of the same form; <see cref="Decide"/> asks the kinds in order.
/// </summary>
internal static class WordJudge
{
    public static WordDecision Decide(BounceContent content)
    {
        var signs = new Signs(content);
        var words = new WordsFound(content);
        EvidenceSheet? nearest = null;
        return Field(content, signs, words)
            ?? Take(NoticeEvidence.OfComplaint(content, signs, words))
            ?? Take(NoticeEvidence.OfVirus(content, signs, words))
            ?? Take(NoticeEvidence.OfChallenge(content, signs, words))
            ?? Fake(content, words)
            ?? Take(BounceEvidence.OfPlainBounce(content, signs, words))
            ?? Take(AutoReplyEvidence.Of(content, signs, words))
            ?? Take(NoticeEvidence.OfDelay(content, signs, words))
            ?? Take(BounceEvidence.Of(content, signs, words))
            ?? Take(AutoReplyEvidence.OfUnknownPrefix(content, signs, words))
            ?? new(MailKind.None, "", nearest?.For ?? [], nearest?.Against ?? [], IsCertain: true);

        WordDecision? Take(EvidenceSheet? sheet)
        {
            if (sheet?.Stands == true)
            {
                var format = sheet.Kind == MailKind.AutoReply && content.Header.IsAutoReplied ? "rfc3834" : words.FormatOf(sheet.Kind);
                format = sheet.Kind == MailKind.VirusNotice && content.Header.IsFromScanner && format == "text" ? "scanner" : format;
                return new(sheet.Kind, format, sheet.For, sheet.Against, sheet.IsCertain);
            }

            nearest = sheet is not null && sheet.Weight > (nearest?.Weight ?? 0) ? sheet : nearest;
            return null;
        }
    }

    // A field that only one kind has determines the kind; words or an answer in addition make it certain. A responder's
    // field does not make a server's bounce an auto-reply.
    private static WordDecision? Field(BounceContent content, Signs signs, WordsFound words)
    {
        if (content.Header.FailedRecipients.Count > 0)
        {
            var isDelay = words.Sum(MailKind.Delay) > 0 && !words.Starts(MailKind.Bounce);
            var isSure = signs.IsServer || IsBacked(content, signs) || words.Sum(MailKind.Bounce) + words.Sum(MailKind.Delay) > 0;
            return new(isDelay ? MailKind.Delay : MailKind.Bounce, "exim", ["carries the field X-Failed-Recipients"], [], isSure);
        }

        return content.Header.Field is { Kind: not MailKind.AutoReply } field && !signs.IsServer
            ? new(field.Kind, field.Format, [field.ToString()], [], IsBacked(content, signs) || words.Sum(field.Kind) > 0) : null;
    }

    private static bool IsBacked(BounceContent content, Signs signs) => signs.Answers || content.ReturnedPart is not null;

    private static WordDecision? Fake(BounceContent content, WordsFound words) =>
        FakeBounce.IsFake(content, words) is { } why ? new(MailKind.None, BounceReport.FakeFormat, [why], [], IsCertain: true) : null;
}
