using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>Reads reports by their structure, the multipart/report of RFC 6522, complete or damaged.</summary>
internal static class Structure
{
    /// <summary>Returns the report, or null if the structure shows none.</summary>
    public static BounceReport? Read(BounceContent content)
    {
        var isPassedOn = IsPassedOnByPerson(content);
        foreach (var part in content.Parts)
        {
            switch (part.Type.MediaType)
            {
                case "message/feedback-report":
                    return content.Report(
                        MailKind.FeedbackReport, "rfc5965", FeedbackRecipients(content, part), content.Returned,
                        ["a part is message/feedback-report"]);
                case "message/disposition-notification" or "message/global-disposition-notification" when !isPassedOn:
                    return FromDisposition(content, part);
                case "message/delivery-status" or "message/global-delivery-status" when !isPassedOn:
                    var report = FromStatus(content, DeliveryStatus.Read(Decoded(content, part).Span), $"a part is {part.Type.MediaType}");
                    return report with { IsCertain = !(IsOfUnknownSender(content) && HasTextBefore(content, part)) };
                case "application/ms-tnef" when TnefReport.Read(Decoded(content, part).Span) is { } kind:
                    return content.Report(
                        kind, "tnef", FailedRecipients.OfReport(content, kind), content.Returned, ["winmail.dat holds a report"]);
                default:
                    break;
            }
        }

        return FromPromise(content)
            ?? (content.Header.NullReversePath == true || content.Header.IsFromDaemon ? FromStatusInText(content) : null);
    }

    // Mail programs forward a report part by part below a person's words; only the complete report has
    // multipart/report.
    private static bool IsPassedOnByPerson(BounceContent content) =>
        IsOfUnknownSender(content) && (content.Header.IsFromPerson || SubjectPrefix.IsReplyOrForward(content.Header.Subject));

    // Not every program names itself: without a server's sign, a person may have passed the report on.
    private static bool IsOfUnknownSender(BounceContent content)
    {
        var header = content.Header;
        return content.Parts[0].Type.ReportType is null && header.NullReversePath != true && !header.IsFromDaemon
            && header.AutoSubmitted is ("" or "no");
    }

    private static bool HasTextBefore(BounceContent content, MimePart part) =>
        content.Parts.Any(p =>
            p.Depth > 0 && p.BodyStart < part.BodyStart && p.Type.MediaType.StartsWith("text/", StringComparison.Ordinal));

    // RFC 6522 §3: the multipart names its type, and the part was lost or renamed on the way.
    private static BounceReport? FromPromise(BounceContent content) => content.Parts[0].Type.ReportType switch
    {
        "feedback-report" => content.Report(MailKind.FeedbackReport, "rfc5965", [], content.Returned, ["report-type is feedback-report"]),
        "disposition-notification" when !content.Header.AutoSubmitted.Contains("rejected", StringComparison.Ordinal) =>
            content.Report(MailKind.Mdn, "rfc8098", [], content.Returned, ["report-type is disposition-notification"]),
        _ => HasFeedbackFields(content)
            ? content.Report(MailKind.FeedbackReport, "rfc5965", [], content.Returned, ["a text has the fields of a feedback report"])
            : null,
    };

    // RFC 5965 §3.1: Feedback-Type and User-Agent are required.
    private static bool HasFeedbackFields(BounceContent content)
    {
        foreach (var part in content.Parts)
        {
            var body = part.RawBody(content.Message.Span).TrimStart("\r\n"u8);
            if (part.Depth > 0 && body.Length > 14 && Ascii.EqualsIgnoreCase(body[..14], "Feedback-Type:"u8))
            {
                return true;
            }
        }

        return false;
    }

    // The parts were lost on the way, or never made; the fields are in the text.
    private static BounceReport? FromStatusInText(BounceContent content)
    {
        var text = content.Text.AsSpan();
        var start = DeliveryStatus.Find(text);
        if (start < 0)
        {
            return null;
        }

        var status = DeliveryStatus.Read(text[start..]);
        return status.Recipients.Count > 0
            ? FromStatus(
            content, status, "the text has the fields of a delivery status") with
            { IsCertain = IsServersOwnText(content) } : null;
    }

    // Administrators also send such fields by hand, to explain them.
    private static bool IsServersOwnText(BounceContent content)
    {
        var signs = new Signs(content);
        return signs.IsServersOwn || signs.IsAutoSubmitted || (content.Header.HasServerAddress && !signs.IsLikePerson);
    }

    private static BounceReport FromStatus(BounceContent content, DeliveryStatus status, string evidence)
    {
        var returned = ReturnedReader.Named(content.Returned, status.OriginalId);
        if (IsChallenge(content))
        {
            return content.Report(
                MailKind.Challenge, "text", status.Recipients, returned, ["asks for a confirmation inside a delivery report"]);
        }

        var recipients = status.Recipients;
        var kind = recipients.Exists(r => r.Action == "failed") ? MailKind.Bounce
            : recipients.Exists(r => r.Action == "delayed") ? MailKind.Delay
            : recipients.Count > 0 ? MailKind.SuccessReport
            : content.Header.SubjectHits.Any(h => h.Kind == MailKind.Delay) ? MailKind.Delay
            : MailKind.Bounce;
        var action = kind == MailKind.Delay ? "delayed" : "failed";
        if (recipients.Count == 0)
        {
            recipients = FailedRecipients.Find(content, action);
        }

        recipients = recipients.ConvertAll(r =>
            r.Status is null && r.Diagnostic is { } said ? WithStatus(r, StatusWords.Of(said, r.Action)) : r);
        string[] why = [recipients is [{ Action: var a }, ..] ? $"{evidence}, action {a}" : evidence];
        return content.Report(kind, "rfc3464", recipients, returned, why, status.ReportingMta);
    }

    private static ReportedRecipient WithStatus(ReportedRecipient recipient, (string? Status, StatusSource Source) found) =>
        recipient with { Status = found.Status, StatusSource = found.Source };

    // RFC 8098 §3.2.6. RFC 5429 §2.1.1: a Sieve "reject" may be sent as a disposition notification: it has the form of
    // a receipt, but its recipient failed.
    private static BounceReport FromDisposition(BounceContent content, MimePart part)
    {
        var bytes = Decoded(content, part).Span.TrimStart("\r\n"u8);
        var fields = new List<HeaderField>();
        HeaderScan.Scan(bytes, fields);
        if (!content.Header.AutoSubmitted.Contains("rejected", StringComparison.Ordinal))
        {
            return content.Report(
                MailKind.Mdn, "rfc8098", Reader(bytes, fields), Receipt(content, bytes, fields), [$"a part is {part.Type.MediaType}"]);
        }

        var kind = fields.Find(bytes, "Disposition"u8) is null ? MailKind.Bounce : MailKind.Mdn;
        return content.Report(
            kind, "rfc5429", FailedRecipients.Find(content, "failed"), Receipt(content, bytes, fields),
            ["a disposition notification that rejects"]);
    }

    // RFC 8098 §3.2.4: Final-Recipient names the reader.
    private static List<ReportedRecipient> Reader(ReadOnlySpan<byte> bytes, List<HeaderField> fields) =>
        DeliveryStatus.Address(fields.Text(bytes, "Final-Recipient"u8)) is { } address ? [new(address, "delivered", null, null)] : [];

    // RFC 8098 §3.2.5: Original-Message-ID contains the id if no message is returned.
    private static ReturnedMessage Receipt(BounceContent content, ReadOnlySpan<byte> bytes, List<HeaderField> fields) =>
        ReturnedReader.Named(content.Returned, MessageIds.Only(fields.Text(bytes, "Original-Message-ID"u8)));

    // RFC 5965 §3.2: Original-Rcpt-To names the complaining recipient, unless the reporter omits it.
    private static List<ReportedRecipient> FeedbackRecipients(BounceContent content, MimePart part)
    {
        var bytes = Decoded(content, part).Span.TrimStart("\r\n"u8);
        var fields = new List<HeaderField>();
        HeaderScan.Scan(bytes, fields);
        return fields.Text(bytes, "Original-Rcpt-To"u8) is { } to && HeaderText.FirstAddress(to) is { } address
            ? [new(address, "delivered", null, null)]
            : [];
    }

    // Boxbe and similar services disguise a challenge as a delivery report. A server's own report never asks for a
    // click.
    private static bool IsChallenge(BounceContent content) =>
        !content.Header.IsFromDaemon && content.Header.NullReversePath != true
        && (
        content.Header.Field?.Kind == MailKind.Challenge || Wording.OfBody(content.Words).Any(h =>
            h is { Kind: MailKind.Challenge, Weight: 2 }));

    private static ReadOnlyMemory<byte> Decoded(BounceContent content, MimePart part) =>
        PartText.Decode(content.Message[part.BodyStart..part.BodyEnd], part.TransferEncoding, BounceClassifier.MaxText);
}
