using System.Text.Json.Serialization;
using Backstop.Backscatter.Verdicts;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>The source of an enhanced status code.</summary>
public enum StatusSource
{
    /// <summary>There is no status code.</summary>
    None,

    /// <summary>The report contains it, as a field or in the remote server's reply.</summary>
    Given,

    /// <summary>Inferred from the words of the report, such as "user unknown" for 5.1.1.</summary>
    Inferred,
}

/// <summary>A recipient in a report.</summary>
/// <param name="Address">The address as written in the report.</param>
/// <param name="Action">RFC 3464 §2.3.3: failed, delayed, delivered, relayed or expanded.</param>
/// <param name="Status">The enhanced status code (RFC 3463), or null if unknown.</param>
/// <param name="Diagnostic">The remote server's reply, or null.</param>
public sealed record ReportedRecipient(string Address, string Action, string? Status, string? Diagnostic)
{
    private BounceClass? _class;

    // A copy may be changed before its class is asked for, so each copy computes its own.
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
    /// Whether to write to the recipient again, and why delivery failed; null if nothing failed. Computed on first use,
    /// in some ten microseconds.
    /// </summary>
    public BounceClass? Class => _class ??= ReasonJudge.Of(this);

    /// <summary>What the report's text says about this recipient, if no field does; or null.</summary>
    internal string? SaidInText { get; init; }

    /// <summary>
    /// The beginning of the report's text, if the words about this recipient may not state the reason; or null. Shared
    /// by all recipients.
    /// </summary>
    internal string? ReportText { get; init; }

    /// <summary>Whether another says the same about the same recipient. The texts for the class are not compared.</summary>
    /// <param name="other">The other recipient.</param>
    public bool Equals(ReportedRecipient? other) =>
        other is not null
        && (Address, Action, Status) == (other.Address, other.Action, other.Status)
        && (Diagnostic, StatusSource) == (other.Diagnostic, other.StatusSource);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Address, Action, Status, Diagnostic, StatusSource);
}

/// <summary>The returned message, as far as the report contains it.</summary>
/// <param name="MessageId">Without brackets, or null.</param>
/// <param name="From">The From address, or null.</param>
/// <param name="To">The To address, or null.</param>
/// <param name="Subject">Decoded, or null.</param>
/// <param name="Date">As written, or null.</param>
/// <param name="Carrier">Where it stands: <c>message/rfc822</c>, <c>text/rfc822-headers</c>, <c>quoted</c> or
/// <c>none</c>.</param>
public sealed record ReturnedMessage(string? MessageId, string? From, string? To, string? Subject, string? Date, string Carrier)
{
    /// <summary>No returned message.</summary>
    public static ReturnedMessage Nothing { get; } = new(null, null, null, null, null, "none");

    /// <summary>Its Return-Path address, or null.</summary>
    public string? ReturnPath { get; init; }

    /// <summary>Its Received fields, unfolded, the newest first; at most thirty.</summary>
    public IReadOnlyList<string> Received { get; init; } = [];

    /// <summary>Whether a DKIM-Signature field came back.</summary>
    public bool HasDkimSignature { get; init; }

    /// <summary>
    /// The octets of its header, with the transfer encoding removed. Valid as long as the classified message.
    /// </summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Header { get; init; }
}

/// <summary>The classification of a message.</summary>
/// <param name="Kind">The kind of automatic message.</param>
/// <param name="Format">The dialect: <c>rfc3464</c>, <c>qmail</c>, <c>exim</c> and so on; <c>fake-bounce</c> for mail
/// disguised as a bounce; empty for mail.</param>
/// <param name="NullReversePath">Whether it came from <c>&lt;&gt;</c>; null if unknown.</param>
/// <param name="Recipients">The recipients that it reports on.</param>
/// <param name="Returned">The returned message.</param>
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
    /// <summary>The format of mail that is disguised as a bounce; its kind is none.</summary>
    public const string FakeFormat = "fake-bounce";

    /// <summary>The reporting server (RFC 3464 §2.2.2, or named in the text), or null.</summary>
    public string? ReportingMta { get; init; }

    /// <summary>Its own subject, decoded.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The addresses in its own To field, at most ten.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>Whether it came through a mailing list (RFC 2919, RFC 2369).</summary>
    public bool IsList { get; init; }

    /// <summary>The evidence for the kind in a few words each, the strongest first.</summary>
    public IReadOnlyList<string> Evidence { get; init; } = [];

    /// <summary>The evidence against the kind, and what is missing for it; the strongest first.</summary>
    public IReadOnlyList<string> EvidenceAgainst { get; init; } = [];

    /// <summary>
    /// Whether a sign of a machine confirms the kind: structure, the null reverse-path, a server's name, a responder's
    /// field. A report that is not certain is named, but never filed, moved or refused for want of proof. A failed
    /// proof still refuses it.
    /// </summary>
    public bool IsCertain { get; init; } = true;

    /// <summary>
    /// Whether a server, judged by its name, writes to the administrator of its own domain and to nobody else. The
    /// envelope tells whether that is the reader's domain (<see cref="Judge"/>).
    /// </summary>
    public bool IsOwnServer { get; init; }

    /// <summary>
    /// Whether a program may answer the message (RFC 3834 §2), judged by envelope and header: it is mail, and comes
    /// from no list, no machine and no null reverse-path. Send the answer to its reverse-path, only now and then to
    /// each sender, and with <c>Auto-Submitted: auto-replied</c>.
    /// </summary>
    public bool MayAnswer { get; init; }

    /// <summary>Where its header is damaged, or null.</summary>
    public HeaderDamage? HeaderDamage { get; init; }

    /// <summary>Whether it is spam or a worm disguised as a bounce.</summary>
    public bool IsFake => Format == FakeFormat;
}
