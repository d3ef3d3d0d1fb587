using System.Text.Json;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;

namespace Backstop.Server.Explain;

/// <summary>A recipient in the JSON of <c>explain</c>.</summary>
public sealed record ExplainedRecipient(
    string Address, string Action, string? Status, string? Diagnostic, string? StatusSource, string? Class, string? ClassReason, IReadOnlyList<string>? ClassEvidence);

/// <summary>The returned message in the JSON of <c>explain</c>.</summary>
public sealed record ExplainedReturn(
    string? MessageId, string? From, string? To, string? Subject, string? Date, string Carrier, IReadOnlyList<string> Received, bool DkimSignature);

/// <summary>A proof in the JSON of <c>explain</c>.</summary>
public sealed record ExplainedProof(string Proof, string Result, string Detail);

/// <summary>How well the sent mail of the address it came to is known.</summary>
public sealed record ExplainedCover(string Address, long Messages, DateTimeOffset? Since, long Replies, long RepliesToKnown, bool IsCovered, string Why);

/// <summary>The JSON of <c>explain</c>: one object a message. A contract: fields are added, never changed.</summary>
public sealed record Explanation(
    string Path, string Kind, string Format, bool? NullReversePath, IReadOnlyList<ExplainedRecipient> Recipients, ExplainedReturn Returned,
    IReadOnlyList<ExplainedProof> Proofs, string Origin, string Verdict, string Folder, string Reason, double Milliseconds,
    string? From, string Subject, string? ReportingMta, IReadOnlyList<string> Evidence, ExplainedCover? Coverage, IReadOnlyList<string> References)
{
    /// <summary>The explanation as a line of JSON, as the command line and <c>POST /classify</c> give it.</summary>
    public byte[] ToJsonLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ExplanationJson.Default.Explanation), (byte)'\n'];

    internal static Explanation Of(string path, BounceReport report, Verdict verdict, ProofSet proofs, (string Address, Cover Cover)? cover, double milliseconds)
    {
        var returned = report.Returned;
        return new(
            path, report.Kind.Word(), report.Format, report.NullReversePath,
            [.. report.Recipients.Select(Of)],
            new(returned.MessageId, returned.From, returned.To, returned.Subject, returned.Date, returned.Carrier, returned.Received, returned.HasDkimSignature),
            [.. proofs.All.Select(p => new ExplainedProof(p.Name, Word(p.Result), p.Detail))],
            proofs.Origin,
            verdict.Action switch { VerdictAction.Deliver => "deliver", VerdictAction.File => "file", _ => "refuse" },
            verdict.Folder, verdict.Reason, Math.Round(milliseconds, 3),
            report.From, report.Subject, report.ReportingMta, report.Evidence, cover is { } c ? Of(c.Address, c.Cover) : null,
            [.. report.References.Distinct(StringComparer.OrdinalIgnoreCase)]);
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
