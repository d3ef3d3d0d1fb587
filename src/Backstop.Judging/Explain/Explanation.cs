using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;
using Backstop.Mail;

namespace Backstop.Judging.Explain;

/// <summary>A recipient in the JSON of <c>explain</c>.</summary>
/// <param name="Address">As the report gives it.</param>
/// <param name="Action"><c>failed</c>, <c>delayed</c>, <c>delivered</c>, <c>relayed</c> or <c>expanded</c>.</param>
/// <param name="Status">Enhanced status code, or null.</param>
/// <param name="Diagnostic">The remote server's reply, or null.</param>
/// <param name="StatusSource"><c>given</c> or <c>inferred</c>; null if there is no status.</param>
/// <param name="Class">Whether to write to the address again: <c>hard</c> (no) or <c>soft</c>; null if nothing
/// tells.</param>
/// <param name="ClassReason">The reason for the class, in a word.</param>
/// <param name="ClassEvidence">The evidence for the class.</param>
internal sealed record ExplainedRecipient(
    string Address, string Action, string? Status, string? Diagnostic, string? StatusSource,
    string? Class, string? ClassReason, IReadOnlyList<string>? ClassEvidence);

/// <summary>The returned message in the JSON of <c>explain</c>.</summary>
/// <param name="MessageId">Without brackets, or null.</param>
/// <param name="From">The From address, or null.</param>
/// <param name="To">The To address, or null.</param>
/// <param name="Subject">Decoded, or null.</param>
/// <param name="Date">As written, or null.</param>
/// <param name="Carrier"><c>message/rfc822</c>, <c>text/rfc822-headers</c>, <c>quoted</c> or <c>none</c>.</param>
/// <param name="Received">Its Received fields, the newest first.</param>
/// <param name="DkimSignature">Whether a DKIM-Signature field came back.</param>
internal sealed record ExplainedReturn(
    string? MessageId, string? From, string? To, string? Subject, string? Date, string Carrier,
    IReadOnlyList<string> Received, bool DkimSignature);

/// <summary>A proof in the JSON of <c>explain</c>.</summary>
/// <param name="Proof">Its name, such as <c>batv</c>.</param>
/// <param name="Result"><c>pass</c>, <c>fail</c> or <c>none</c>.</param>
/// <param name="Detail">What was compared; empty if nothing was found.</param>
internal sealed record ExplainedProof(string Proof, string Result, string Detail);

/// <summary>How well the sent mail of the report's recipient is known.</summary>
/// <param name="Address">The recipient's address, as a key.</param>
/// <param name="Messages">How many of its sent messages are known.</param>
/// <param name="Since">When the first of them was seen; null for none.</param>
/// <param name="Replies">How many replies to its mail arrived lately.</param>
/// <param name="RepliesToKnown">How many of them reply to known mail.</param>
/// <param name="IsCovered">Whether that is enough to refuse bounces without proof.</param>
/// <param name="Why">The reason, in one sentence.</param>
internal sealed record ExplainedCover(
    string Address, long Messages, DateTimeOffset? Since, long Replies, long RepliesToKnown, bool IsCovered, string Why);

/// <summary>The JSON of <c>explain</c>: one object a message. A contract: fields are added, never changed.</summary>
/// <param name="Path">The file; <c>-</c> for a message without one.</param>
/// <param name="Kind"><c>bounce</c>, <c>delay</c>, <c>autoreply</c> and so on; <c>none</c> for mail.</param>
/// <param name="Format">The dialect, such as <c>rfc3464</c>; empty for mail.</param>
/// <param name="NullReversePath">Whether the message came from &lt;&gt;; null if unknown.</param>
/// <param name="Recipients">The recipients that it reports on.</param>
/// <param name="Returned">The returned message.</param>
/// <param name="Proofs">The results of the proofs of origin.</param>
/// <param name="Origin"><c>ours</c>, <c>not-ours</c> or <c>unknown</c>.</param>
/// <param name="Verdict"><c>deliver</c>, <c>refuse</c> or <c>file</c>.</param>
/// <param name="Folder">The folder it would be delivered to; empty if it would be refused.</param>
/// <param name="Reason">The reason word, such as <c>bounce:unproved</c>.</param>
/// <param name="Milliseconds">The time that the explanation took.</param>
/// <param name="From">Its own From address, or null.</param>
/// <param name="Subject">Its own subject, decoded.</param>
/// <param name="ReportingMta">The reporting server, or null.</param>
/// <param name="Evidence">The evidence for the kind, the strongest first.</param>
/// <param name="Coverage">How well the sent mail of its recipient is known; null if that does not matter.</param>
/// <param name="References">The Message-IDs in In-Reply-To and References.</param>
/// <param name="EvidenceAgainst">The evidence against the kind, and what is missing for it; for mail, for the nearest
/// kind.</param>
/// <param name="IsCertain">Whether a sign of a machine confirms the kind. A report that is not certain is named, but
/// delivered.</param>
/// <param name="HeaderDamage">The first line that is neither a field nor a continuation, and whether the header ends
/// there; null if the header is sound.</param>
/// <param name="IsOwnServer">Whether a server, judged by its name, writes to the administrator of its own domain; the
/// reader must check that the domain is theirs.</param>
/// <param name="MayAnswer">Whether a program may answer the message (RFC 3834 §2), judged by its envelope and
/// header.</param>
internal sealed record Explanation(
    string Path, string Kind, string Format, bool? NullReversePath, IReadOnlyList<ExplainedRecipient> Recipients, ExplainedReturn Returned,
    IReadOnlyList<ExplainedProof> Proofs, string Origin, string Verdict, string Folder, string Reason, double Milliseconds,
    string? From, string Subject, string? ReportingMta, IReadOnlyList<string> Evidence, ExplainedCover? Coverage,
    IReadOnlyList<string> References, IReadOnlyList<string> EvidenceAgainst, bool IsCertain, HeaderDamage? HeaderDamage,
    bool IsOwnServer, bool MayAnswer)
{
    /// <summary>The reason with its meaning and advice.</summary>
    [JsonIgnore]
    public Reason Because { get; private init; } = Reasons.Mail;

    /// <summary>Returns the explanation as a line of JSON, for the command line and <c>POST /classify</c>.</summary>
    public byte[] ToJsonLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ExplanationJson.Default.Explanation), (byte)'\n'];

    internal static Explanation Of(
        string path, BounceReport report, Verdict verdict, ProofSet proofs, (string Address, Cover Cover)? cover, double milliseconds)
    {
        var returned = report.Returned;
        return new(
            path, report.Kind.Word(), report.Format, report.NullReversePath,
            [.. report.Recipients.Select(Of)],
            new(
                returned.MessageId, returned.From, returned.To, returned.Subject, returned.Date, returned.Carrier,
                returned.Received, returned.HasDkimSignature),
            [.. proofs.All.Select(p => new ExplainedProof(p.Name, Word(p.Result), p.Detail))],
            proofs.Origin,
            verdict.Action switch { VerdictAction.Deliver => "deliver", VerdictAction.File => "file", _ => "refuse" },
            verdict.Folder, verdict.Reason.Word, Math.Round(milliseconds, 3),
            report.From, report.Subject, report.ReportingMta, report.Evidence, cover is { } c ? Of(c.Address, c.Cover) : null,
            [.. report.References.Distinct(StringComparer.OrdinalIgnoreCase)],
            report.EvidenceAgainst, report.IsCertain, report.HeaderDamage, report.IsOwnServer, report.MayAnswer)
        {
            Because = verdict.Reason,
        };
    }

    private static ExplainedRecipient Of(ReportedRecipient r)
    {
        var found = r.Class;
        return new(r.Address, r.Action, r.Status, r.Diagnostic, Word(r.StatusSource), found?.Word, found?.Reason.Word(), found?.Evidence);
    }

    private static ExplainedCover Of(string address, Cover cover) =>
        new(address, cover.Seen.Messages, cover.Seen.Since, cover.Seen.Replies, cover.Seen.RepliesToKnown, cover.IsCovered, cover.Why);

    private static string Word(ProofResult result) => result switch
    {
        ProofResult.Pass => "pass",
        ProofResult.Fail => "fail",
        _ => "none",
    };

    private static string? Word(StatusSource source) => source switch
    {
        StatusSource.Given => "given",
        StatusSource.Inferred => "inferred",
        _ => null,
    };
}
