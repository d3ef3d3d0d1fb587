using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;

namespace Backstop.Commands;

/// <summary>A recipient in the JSON of <c>explain</c>.</summary>
internal sealed record ExplainedRecipient(string Address, string Action, string? Status, string? Diagnostic);

/// <summary>The returned message in the JSON of <c>explain</c>.</summary>
internal sealed record ExplainedReturn(string? MessageId, string? From, string? To, string? Subject, string? Date, string Carrier);

/// <summary>A proof in the JSON of <c>explain</c>.</summary>
internal sealed record ExplainedProof(string Proof, string Result, string Detail);

/// <summary>The JSON of <c>explain</c>: one object a message. A contract: fields are added, never changed.</summary>
internal sealed record Explanation(
    string Path, string Kind, string Format, bool? NullReversePath, IReadOnlyList<ExplainedRecipient> Recipients, ExplainedReturn Returned,
    IReadOnlyList<ExplainedProof> Proofs, string Origin, string Verdict, string Folder, string Reason, double Milliseconds)
{
    public static Explanation Of(string path, BounceReport report, Verdict verdict, IReadOnlyList<Proof> proofs, double milliseconds)
    {
        var returned = report.Returned;
        return new(
            path, report.Kind.Word(), report.Format, report.NullReversePath,
            [.. report.Recipients.Select(r => new ExplainedRecipient(r.Address, r.Action, r.Status, r.Diagnostic))],
            new(returned.MessageId, returned.From, returned.To, returned.Subject, returned.Date, returned.Carrier),
            [.. proofs.Select(p => new ExplainedProof(p.Name, Word(p.Result), p.Detail))],
            OriginOf(proofs),
            verdict.Action switch { VerdictAction.Deliver => "deliver", VerdictAction.File => "file", _ => "refuse" },
            verdict.Folder, verdict.Reason, Math.Round(milliseconds, 3));
    }

    private static string OriginOf(IReadOnlyList<Proof> proofs) =>
        proofs.Any(p => p.Result == ProofResult.Pass) ? "ours"
        : proofs.Any(p => p.Result == ProofResult.Fail) ? "not-ours"
        : "unknown";

    private static string Word(ProofResult result) => result switch
    {
        ProofResult.Pass => "pass",
        ProofResult.Fail => "fail",
        _ => "none",
    };
}
