using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Says what an automatic message is: structure first (RFC 6522, 3464, 5965, 8098), then the words of servers that know no structure.
/// </summary>
/// <remarks>
/// Pure and bounded: any bytes give an answer, in time linear in their number. Of each part at most <see cref="MaxText"/> octets are
/// decoded and read.
/// </remarks>
public static class BounceClassifier
{
    /// <summary>How many octets of a text part, or of a returned message, are decoded and looked at.</summary>
    public const int MaxText = 32 * 1024;

    /// <summary>How much of a message <see cref="ReadAsync"/> takes from a stream. What decides stands at the front.</summary>
    public const int MaxMessage = 1 << 20;

    // A list manager that passes a bounce on wraps it once. More is a game.
    private const int MaxNesting = 2;

    /// <summary>Says what a message is. Never throws for what a message holds.</summary>
    /// <param name="message">The message with CRLF or LF line ends; its header block must have been capped. The report's header
    /// octets point into it.</param>
    /// <param name="nullReversePath">Whether it came from <c>&lt;&gt;</c>; null to believe its Return-Path field.</param>
    public static BounceReport Classify(ReadOnlyMemory<byte> message, bool? nullReversePath) =>
        Classify(new MailMessage(message), nullReversePath);

    /// <summary>Reads a message whose header has been scanned; its parts are found if they were not.</summary>
    /// <param name="message">The message. The report's header octets point into it.</param>
    /// <param name="nullReversePath">As for the other overload.</param>
    public static BounceReport Classify(MailMessage message, bool? nullReversePath)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Classify(message, nullReversePath, 0);
    }

    /// <summary>Reads a message as far as its budget goes: where that is used up, the message counts as mail.</summary>
    /// <param name="message">As for the other overload.</param>
    /// <param name="nullReversePath">As for the other overload.</param>
    /// <param name="budget">The message's budget.</param>
    public static BounceReport Classify(ReadOnlyMemory<byte> message, bool? nullReversePath, MessageBudget budget) =>
        Classify(new MailMessage(message), nullReversePath, budget);

    /// <summary>Reads a message whose header has been scanned as far as its budget goes.</summary>
    /// <param name="message">The message.</param>
    /// <param name="nullReversePath">As for the other overload.</param>
    /// <param name="budget">The message's budget.</param>
    public static BounceReport Classify(MailMessage message, bool? nullReversePath, MessageBudget budget)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(budget);
        return budget.Run(() => Classify(message, nullReversePath), () => Unjudged(message, nullReversePath));
    }

    /// <summary>Reads a message from a stream, at most <see cref="MaxMessage"/> octets of it, and believes its Return-Path field.</summary>
    /// <param name="stream">The message; it is not closed.</param>
    /// <param name="ct">Ends the reading.</param>
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

    /// <summary>
    /// Whether a message may be anything but mail, as far as its header tells: only then is the rest of it worth fetching.
    /// </summary>
    /// <param name="header">Its header.</param>
    public static bool MayBeAutomatic(ReadOnlyMemory<byte> header)
    {
        var message = new MailMessage(header);
        return MayHoldReport(message.Fields.Text(header.Span, "Content-Type"u8))
            || new BounceHeader(header, message.Fields, nullReversePath: null).MayBeAutomatic;
    }

    // Structure decides whatever the header says: a report's parts, Exchange's winmail.dat, the JSON of a cloud's notices.
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

    // Mailman and others pass a bounce on inside a message of their own: what counts is the bounce inside.
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
