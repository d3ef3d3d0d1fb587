using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Classifies automatic messages: first by structure (RFC 6522, 3464, 5965, 8098), then by the words of servers that
/// write no structure.
/// </summary>
/// <remarks>
/// Pure and bounded: any bytes give a result, in time linear in their number. At most <see cref="MaxText"/> octets of
/// each part are decoded.
/// </remarks>
public static class BounceClassifier
{
    /// <summary>The most octets of a text part, or of a returned message, that are decoded and read.</summary>
    public const int MaxText = 32 * 1024;

    /// <summary>
    /// The most octets that <c>ReadAsync</c> reads from a stream; everything that decides is at the beginning.
    /// </summary>
    public const int MaxMessage = 1 << 20;

    // A list manager that passes on a bounce wraps it once. Deeper nesting is not genuine.
    private const int MaxNesting = 2;

    /// <summary>Classifies a message. Never throws because of its content.</summary>
    /// <param name="message">The message with CRLF or LF line ends; the caller has limited the size of the header. The
    /// report's header octets point into it.</param>
    /// <param name="nullReversePath">Whether it came from <c>&lt;&gt;</c>; null to use its Return-Path field.</param>
    public static BounceReport Classify(ReadOnlyMemory<byte> message, bool? nullReversePath) =>
        Classify(new MailMessage(message), nullReversePath);

    /// <summary>Classifies a message whose header has been scanned; its parts are found on demand.</summary>
    /// <param name="message">The message. The report's header octets point into it.</param>
    /// <param name="nullReversePath">As for the other overload.</param>
    public static BounceReport Classify(MailMessage message, bool? nullReversePath)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Classify(message, nullReversePath, 0);
    }

    /// <summary>Classifies a message within its CPU budget; if that is used up, the message counts as mail.</summary>
    /// <param name="message">As for the other overload.</param>
    /// <param name="nullReversePath">As for the other overload.</param>
    /// <param name="budget">The message's budget.</param>
    public static BounceReport Classify(ReadOnlyMemory<byte> message, bool? nullReversePath, MessageBudget budget) =>
        Classify(new MailMessage(message), nullReversePath, budget);

    /// <summary>Classifies a message whose header has been scanned, within its CPU budget.</summary>
    /// <param name="message">The message. The report's header octets point into it.</param>
    /// <param name="nullReversePath">As for the other overload.</param>
    /// <param name="budget">The message's budget.</param>
    public static BounceReport Classify(MailMessage message, bool? nullReversePath, MessageBudget budget)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(budget);
        return budget.Run(() => Classify(message, nullReversePath), () => Unjudged(message, nullReversePath));
    }

    /// <summary>
    /// Classifies a message from a stream by its Return-Path field and its first <see cref="MaxMessage"/> octets.
    /// </summary>
    /// <param name="stream">The message; it is not closed.</param>
    /// <param name="ct">Cancels the reading.</param>
    public static async Task<BounceReport> ReadAsync(Stream stream, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var message = new MemoryStream();
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, MaxMessage - message.Length)), ct)) > 0)
        {
            message.Write(buffer, 0, read);
        }

        return Classify(message.GetBuffer().AsMemory(0, (int)message.Length), null);
    }

    /// <summary>Whether a message may be automatic, judged by its header: if not, the rest need not be fetched.</summary>
    /// <param name="header">The header block, up to the empty line.</param>
    public static bool MayBeAutomatic(ReadOnlyMemory<byte> header)
    {
        var message = new MailMessage(header);
        return MayHoldReport(message.Fields.Text(header.Span, "Content-Type"u8))
            || new BounceHeader(header, message.Fields, nullReversePath: null).MayBeAutomatic;
    }

    // Structure decides whatever the header says: a report's parts, Exchange's winmail.dat, the JSON of a cloud's
    // notices.
    private static bool MayHoldReport(string? contentType) => contentType?.Trim() is { } type
        && (type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) || type.Contains("report", StringComparison.OrdinalIgnoreCase)
            || type.Contains("ms-tnef", StringComparison.OrdinalIgnoreCase) || type.Contains("json", StringComparison.OrdinalIgnoreCase)
            || type.StartsWith("message/", StringComparison.OrdinalIgnoreCase));

    private static BounceReport Classify(MailMessage message, bool? nullReversePath, int nesting)
    {
        var header = new BounceHeader(message.Octets, message.Fields, nullReversePath);
        var content = new BounceContent(message.Octets, header, message.Parts);
        var report = Structure.Read(content) ?? FromWords(content, nesting);
        return message.Damage is { } damage ? report with { HeaderDamage = damage } : report;
    }

    private static BounceReport Unjudged(MailMessage message, bool? nullReversePath)
    {
        var header = new BounceHeader(message.Octets, message.Fields, nullReversePath);
        var report = new BounceContent(message.Octets, header, []).Report(MailKind.None, "", [], ReturnedMessage.Nothing, []);
        return report with { EvidenceAgainst = ["its CPU budget is used up"] };
    }

    private static BounceReport FromWords(BounceContent content, int nesting)
    {
        if (CloudNotice.Read(content) is { } notice)
        {
            return notice;
        }

        if (!content.Header.MayBeAutomatic)
        {
            return content.Report(MailKind.None, "", [], ReturnedMessage.Nothing, []);
        }

        var decision = WordJudge.Decide(content);
        if (decision.Kind == MailKind.None)
        {
            return content.Report(
                MailKind.None, decision.Format, [], ReturnedMessage.Nothing, decision.For) with
            { EvidenceAgainst = decision.Against };
        }

        var report = content.Report(decision.Kind, decision.Format, Recipients(content, decision.Kind), content.Returned, decision.For);
        report = report with { EvidenceAgainst = decision.Against, IsCertain = decision.IsCertain };
        return decision.Kind == MailKind.Bounce && nesting < MaxNesting ? Relayed(content, report, nesting) : report;
    }

    private static List<ReportedRecipient> Recipients(BounceContent content, MailKind kind) => kind switch
    {
        MailKind.Bounce or MailKind.VirusNotice or MailKind.Challenge => FailedRecipients.Find(content, "failed"),
        MailKind.Delay => FailedRecipients.Find(content, "delayed"),
        _ => [],
    };

    // Mailman and others pass on a bounce inside a message of their own: the inner bounce counts.
    private static BounceReport Relayed(BounceContent content, BounceReport outer, int nesting)
    {
        if (content.ReturnedPart is not { } part || !(outer.Format == "mailman" || content.Header.IsList || outer.Recipients.Count == 0))
        {
            return outer;
        }

        var inner = Classify(new MailMessage(content.Message[part.BodyStart..part.BodyEnd]), nullReversePath: null, nesting + 1);
        return inner.Kind is MailKind.Bounce or MailKind.Delay && inner.Recipients.Count > 0 && inner.Returned.Carrier != "none"
            ? outer with
            {
                Kind = inner.Kind,
                Recipients = inner.Recipients,
                Returned = inner.Returned,
                ReportingMta = inner.ReportingMta,
                Evidence = [
            .. outer.Evidence, "passes on a bounce"]
            }
            : outer;
    }
}
