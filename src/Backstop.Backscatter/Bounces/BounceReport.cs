using System.Text.Json.Serialization;
using Backstop.Backscatter.Verdicts;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>Where an enhanced status code comes from.</summary>
public enum StatusSource
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>The report gives it, as a field or in the remote server's words.</summary>
    Given,

    /// <summary>Inferred from the words of the report, such as "user unknown" for 5.1.1.</summary>
    Inferred,
}

/// <summary>A recipient that a report is about.</summary>
/// <param name="Address">The address as the report gives it.</param>
/// <param name="Action">RFC 3464 §2.3.3: failed, delayed, delivered, relayed or expanded.</param>
/// <param name="Status">Enhanced status code (RFC 3463), or null where nothing tells.</param>
/// <param name="Diagnostic">What the remote server said, or null.</param>
public sealed record ReportedRecipient(string Address, string Action, string? Status, string? Diagnostic)
{
    private BounceClass? _class;

    // What a copy carries may be changed before anybody asks, so its class is its own.
    private ReportedRecipient(ReportedRecipient other)
    {
        (Address, Action, Status, Diagnostic) = other;
        StatusSource = other.StatusSource;
        SaidInText = other.SaidInText;
        ReportText = other.ReportText;
    }

    /// <summary>Whether <see cref="Status"/> is given or inferred.</summary>
    public StatusSource StatusSource { get; init; } = Status is null ? StatusSource.None : StatusSource.Given;

    /// <summary>
    /// Whether it is any use to write there again, and why it failed; null where nothing did. Worked out when first asked for, in some ten
    /// microseconds.
    /// </summary>
    public BounceClass? Class => _class ??= ReasonJudge.Of(this);

    /// <summary>What the report's text says of this one, where no field does; or null.</summary>
    internal string? SaidInText { get; init; }

    /// <summary>
    /// How the report's text begins, where what is said of this one may not tell why; or null. One text for all recipients.
    /// </summary>
    internal string? ReportText { get; init; }

    /// <summary>Whether another says the same of the same recipient. What its class is worked out from besides is no part of it.</summary>
    /// <param name="other">The other.</param>
    public bool Equals(ReportedRecipient? other) =>
        other is not null
        && (Address, Action, Status) == (other.Address, other.Action, other.Status)
        && (Diagnostic, StatusSource) == (other.Diagnostic, other.StatusSource);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Address, Action, Status, Diagnostic, StatusSource);
}

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

    /// <summary>Its Return-Path address, or null.</summary>
    public string? ReturnPath { get; init; }

    /// <summary>Its Received fields, unfolded, the newest first; at most thirty.</summary>
    public IReadOnlyList<string> Received { get; init; } = [];

    /// <summary>Whether a DKIM-Signature field came back.</summary>
    public bool HasDkimSignature { get; init; }

    /// <summary>The header's octets as they came back, transfer encoding undone. Valid as long as the message that was read.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Header { get; init; }
}

/// <summary>What a message is, and what it says.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Format">The dialect: <c>rfc3464</c>, <c>qmail</c>, <c>exim</c> and so on; <c>fake-bounce</c> for mail dressed as a
/// bounce; empty for mail.</param>
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
    IReadOnlyList<string> References)
{
    /// <summary>The format of mail that is dressed as a bounce: kind none, and not taken for a bounce.</summary>
    public const string FakeFormat = "fake-bounce";

    /// <summary>The server that reports (RFC 3464 §2.2.2, or its own words), or null.</summary>
    public string? ReportingMta { get; init; }

    /// <summary>Its own subject, decoded.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The addresses in its own To field, at most ten.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>Whether it came through a mailing list (RFC 2919, RFC 2369).</summary>
    public bool IsList { get; init; }

    /// <summary>What the decision about the kind stands on, in few words each, the strongest first.</summary>
    public IReadOnlyList<string> Evidence { get; init; } = [];

    /// <summary>What speaks against the kind, or what is missing to it; the strongest first.</summary>
    public IReadOnlyList<string> EvidenceAgainst { get; init; } = [];

    /// <summary>
    /// Whether a machine's own sign shows the kind: structure, the null reverse-path, a server's name, a responder's field. What is
    /// not certain is only named; it is never filed, moved or refused for want of proof. A proof that fails refuses it all the
    /// same.
    /// </summary>
    public bool IsCertain { get; init; } = true;

    /// <summary>
    /// Whether a server, by its name, tells the administrator of its own domain something, and nobody else. Whether that is the
    /// reader's domain the envelope tells (<see cref="Judge"/>).
    /// </summary>
    public bool IsOwnServer { get; init; }

    /// <summary>
    /// Whether a program may answer it (RFC 3834 §2), as far as its envelope and header tell: mail, of no list, no machine and no null
    /// reverse-path.
    /// The answer goes to its reverse-path, at most once in a while to each sender, and says <c>Auto-Submitted: auto-replied</c>.
    /// </summary>
    public bool MayAnswer { get; init; }

    /// <summary>Where its header is damaged, or null.</summary>
    public HeaderDamage? HeaderDamage { get; init; }

    /// <summary>Spam or a worm dressed as a bounce.</summary>
    public bool IsFake => Format == FakeFormat;
}
