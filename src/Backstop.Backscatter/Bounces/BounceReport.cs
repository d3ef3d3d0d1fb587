namespace Backstop.Backscatter.Bounces;

/// <summary>A recipient that a report is about.</summary>
/// <param name="Address">The address as the report gives it.</param>
/// <param name="Action">RFC 3464 §2.3.3: failed, delayed, delivered, relayed or expanded.</param>
/// <param name="Status">Enhanced status code (RFC 3463), or null where none is given.</param>
/// <param name="Diagnostic">What the remote server said, or null.</param>
public sealed record ReportedRecipient(string Address, string Action, string? Status, string? Diagnostic);

/// <summary>What a report says of the message it returns.</summary>
/// <param name="MessageId">Without brackets, or null.</param>
/// <param name="From">The From address, or null.</param>
/// <param name="To">The To address, or null.</param>
/// <param name="Subject">Decoded, or null.</param>
/// <param name="Date">As written, or null.</param>
/// <param name="Carrier"><c>message/rfc822</c>, <c>text/rfc822-headers</c>, <c>quoted</c> or <c>none</c>.</param>
public sealed record ReturnedMessage(string? MessageId, string? From, string? To, string? Subject, string? Date, string Carrier)
{
    /// <summary>Nothing was returned.</summary>
    public static ReturnedMessage Nothing { get; } = new(null, null, null, null, null, "none");
}

/// <summary>What a message is, and what it says.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Format">The dialect: <c>rfc3464</c>, <c>qmail</c>, <c>exim</c> and so on; empty for mail.</param>
/// <param name="NullReversePath">Whether it came from <c>&lt;&gt;</c>; null where nobody knows.</param>
/// <param name="Recipients">The recipients it reports about.</param>
/// <param name="Returned">What it returns.</param>
/// <param name="From">The address in its own From field, or null.</param>
/// <param name="References">Message-IDs in its In-Reply-To and References, without brackets.</param>
public sealed record BounceReport(
    MailKind Kind,
    string Format,
    bool? NullReversePath,
    IReadOnlyList<ReportedRecipient> Recipients,
    ReturnedMessage Returned,
    string? From,
    IReadOnlyList<string> References);
