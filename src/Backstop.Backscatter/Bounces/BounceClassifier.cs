using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Says what an automatic message is: structure first (RFC 6522, 3464, 5965, 8098, 3834), then the words of servers that know no structure.
/// </summary>
/// <remarks>Pure and bounded: any bytes give an answer, in time linear in at most <see cref="MaxText"/> octets of each part looked at.</remarks>
public static class BounceClassifier
{
    /// <summary>How much of a text or of a returned message is looked at.</summary>
    public const int MaxText = 32 * 1024;

    /// <summary>Reads a message.</summary>
    /// <param name="message">The message with CRLF or LF line ends; its header block must have been capped.</param>
    /// <param name="nullReversePath">Whether it came from <c>&lt;&gt;</c>; null to believe its Return-Path field.</param>
    public static BounceReport Classify(ReadOnlyMemory<byte> message, bool? nullReversePath)
    {
        var fields = new List<HeaderField>(32);
        var body = HeaderScan.Scan(message.Span, fields);
        var header = new BounceHeader(message.Span, fields, nullReversePath);
        var parts = MimeScan.Scan(message.Span, fields, body);

        return FromStructure(message, header, parts) ?? FromWords(message, header, parts);
    }

    private static BounceReport? FromStructure(ReadOnlyMemory<byte> message, BounceHeader header, IReadOnlyList<MimePart> parts)
    {
        foreach (var part in parts)
        {
            switch (part.Type.MediaType)
            {
                case "message/feedback-report":
                    return Report(MailKind.FeedbackReport, "rfc5965", header, [], Returned(message, parts));
                case "message/disposition-notification" or "message/global-disposition-notification":
                    return Report(MailKind.Mdn, "rfc8098", header, [], Returned(message, parts));
                case "message/delivery-status" or "message/global-delivery-status":
                    return FromDeliveryStatus(message, header, parts, part);
                default:
                    break;
            }
        }

        return null;
    }

    private static BounceReport FromDeliveryStatus(
        ReadOnlyMemory<byte> message, BounceHeader header, IReadOnlyList<MimePart> parts, MimePart status)
    {
        var content = PartText.Decode(message[status.BodyStart..status.BodyEnd], status.TransferEncoding, MaxText);
        var recipients = DeliveryStatus.Read(content.Span);
        var returned = Returned(message, parts);
        if (recipients.Count == 0)
        {
            recipients = FromText(message, header, parts, ref returned, "failed");
        }

        var kind = recipients.Count == 0 || recipients.Exists(r => r.Action == "failed") ? MailKind.Bounce
            : recipients.Exists(r => r.Action == "delayed") ? MailKind.Delay
            : MailKind.SuccessReport;
        return Report(kind, "rfc3464", header, recipients, returned);
    }

    private static BounceReport FromWords(ReadOnlyMemory<byte> message, BounceHeader header, IReadOnlyList<MimePart> parts)
    {
        var text = TextPart(parts) is { } part ? Encoding.UTF8.GetBytes(PartText.Read(message, part, MaxText)) : [];
        var returned = ReturnedReader.FromText(text, out var quoteStart);
        var human = Encoding.UTF8.GetString(text.AsSpan(0, quoteStart));
        var hit = WordJudge.Decide(header, human);
        if (hit is null)
        {
            return Report(MailKind.None, "", header, [], ReturnedMessage.Nothing);
        }

        var fromPart = Returned(message, parts);
        returned = fromPart.Carrier == "none" ? returned : fromPart;
        var action = hit.Kind == MailKind.Delay ? "delayed" : "failed";
        var recipients = hit.Kind is MailKind.Bounce or MailKind.Delay or MailKind.VirusNotice or MailKind.Challenge
            ? Recipients(header, human, returned, action)
            : [];
        return Report(hit.Kind, hit.Format, header, recipients, returned);
    }

    private static List<ReportedRecipient> FromText(
        ReadOnlyMemory<byte> message, BounceHeader header, IReadOnlyList<MimePart> parts, ref ReturnedMessage returned, string action)
    {
        if (TextPart(parts) is not { } part)
        {
            return [];
        }

        var text = Encoding.UTF8.GetBytes(PartText.Read(message, part, MaxText));
        var quoted = ReturnedReader.FromText(text, out var quoteStart);
        returned = returned.Carrier == "none" ? quoted : returned;
        return Recipients(header, Encoding.UTF8.GetString(text.AsSpan(0, quoteStart)), returned, action);
    }

    private static List<ReportedRecipient> Recipients(BounceHeader header, string human, ReturnedMessage returned, string action)
    {
        var addresses = header.FailedRecipients.Count > 0 ? header.FailedRecipients : TextAddresses.Find(human);
        var others = addresses.Where(a => !a.Equals(header.From, StringComparison.OrdinalIgnoreCase)).ToList();
        if (others.Count == 0 && returned.To is { } to)
        {
            others.Add(to);
        }

        return others.ConvertAll(a => new ReportedRecipient(a, action, StatusIn(human), null));
    }

    // An enhanced status code in the text (RFC 3463), the first one.
    private static string? StatusIn(string human)
    {
        for (var i = human.IndexOfAny(['4', '5']); i >= 0 && i + 4 < human.Length;)
        {
            var code = human.AsSpan(i, Math.Min(9, human.Length - i));
            var isStart = i == 0 || !char.IsAsciiLetterOrDigit(human[i - 1]) && human[i - 1] != '.';
            if (isStart && code[1] == '.' && char.IsAsciiDigit(code[2]))
            {
                var end = 2;
                var dots = 1;
                while (end < code.Length && (char.IsAsciiDigit(code[end]) || (code[end] == '.' && dots++ < 2)))
                {
                    end++;
                }

                var status = code[..end].TrimEnd('.');
                if (status.Count('.') == 2)
                {
                    return status.ToString();
                }
            }

            var next = human.AsSpan(i + 1).IndexOfAny('4', '5');
            i = next < 0 ? -1 : i + 1 + next;
        }

        return null;
    }

    private static ReturnedMessage Returned(ReadOnlyMemory<byte> message, IReadOnlyList<MimePart> parts)
    {
        foreach (var part in parts)
        {
            if (part.Depth > 0 && (part.Type.IsMessage || part.Type.IsHeaderOnly))
            {
                return ReturnedReader.FromPart(message, part);
            }
        }

        return ReturnedMessage.Nothing;
    }

    private static MimePart? TextPart(IReadOnlyList<MimePart> parts) =>
        parts.FirstOrDefault(p => p.Type.MediaType == "text/plain") ?? parts.FirstOrDefault(p => p.Type.MediaType.StartsWith("text/", StringComparison.Ordinal));

    private static BounceReport Report(
        MailKind kind, string format, BounceHeader header, IReadOnlyList<ReportedRecipient> recipients, ReturnedMessage returned) =>
        new(kind, format, header.NullReversePath, recipients, returned, header.From, header.References);
}
