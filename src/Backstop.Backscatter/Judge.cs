using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;

namespace Backstop.Backscatter;

/// <summary>From when on a bounce without proof is refused rather than filed.</summary>
public enum UnprovedPolicy
{
    /// <summary>Always filed.</summary>
    File,

    /// <summary>Refused once the address's sent mail has been covered long enough; filed until then.</summary>
    Auto,

    /// <summary>Always refused.</summary>
    Refuse,
}

/// <summary>What the envelope already told about a message.</summary>
/// <param name="IsRole">The recipient is postmaster@ or abuse@, which always reaches a person.</param>
/// <param name="Batv">What the recipient's tag proved.</param>
/// <param name="Ours">The addresses of the recipient's mailbox, as keys; the one it came to first.</param>
public sealed record Envelope(bool IsRole, BatvOutcome Batv, IReadOnlyList<string> Ours);

/// <summary>Decides what happens to a message at the end of its data. The order of the rules is the order of the lines.</summary>
/// <param name="journal">What we sent.</param>
/// <param name="policy">Whether to refuse for want of proof.</param>
/// <param name="coverAge">How long an address's sent mail must have been seen.</param>
/// <param name="coverMessages">How many of its messages must have been seen.</param>
public sealed class Judge(ISentJournal journal, UnprovedPolicy policy, TimeSpan coverAge, int coverMessages)
{
    /// <summary>Decides.</summary>
    /// <param name="report">What the message is.</param>
    /// <param name="envelope">What the envelope told.</param>
    /// <param name="now">The time of arrival.</param>
    /// <returns>The verdict and the proofs it stands on.</returns>
    public (Verdict Verdict, IReadOnlyList<Proof> Proofs) Decide(BounceReport report, Envelope envelope, DateTimeOffset now)
    {
        if (report.Kind == MailKind.None)
        {
            return (Verdict.Deliver("mail"), []);
        }

        var kind = report.Kind.Word();
        var proofs = new List<Proof> { FromTag(envelope.Batv) };
        if (envelope.Batv == BatvOutcome.Pass)
        {
            return (Verdict.Deliver("batv:pass"), proofs);
        }

        var sent = OriginProof.FromJournal(report, envelope.Ours, journal);
        proofs.Add(sent);
        if (sent.Result == ProofResult.Pass)
        {
            return (Verdict.Deliver(sent.Detail.StartsWith("message-id", StringComparison.Ordinal) ? "journal:message-id" : "journal:recipient"), proofs);
        }

        if (envelope.IsRole)
        {
            return (Verdict.Deliver("role:" + kind), proofs);
        }

        // A complaint or a read receipt returns nothing that was refused: nobody is flooded with them, and people ask for them.
        if (report.Kind is MailKind.FeedbackReport or MailKind.Mdn)
        {
            return (Verdict.Deliver(kind), proofs);
        }

        var reason = kind + ":unproved";
        return (MayRefuse(report, envelope, now) ? Verdict.Refuse(reason) : Verdict.File(reason), proofs);
    }

    // Only a report about a delivery, from the null reverse-path: nobody waits for an answer to its refusal. Automatic answers are filed.
    private bool MayRefuse(BounceReport report, Envelope envelope, DateTimeOffset now) =>
        report.NullReversePath == true
        && report.Kind is MailKind.Bounce or MailKind.Delay or MailKind.SuccessReport
        && policy switch
        {
            UnprovedPolicy.Refuse => true,
            UnprovedPolicy.Auto => IsCovered(envelope.Ours[0], now),
            _ => false,
        };

    private bool IsCovered(string address, DateTimeOffset now)
    {
        var coverage = journal.Coverage(address);
        return coverage.Messages >= coverMessages && coverage.Since is { } since && now - since >= coverAge;
    }

    private static Proof FromTag(BatvOutcome outcome) => outcome switch
    {
        BatvOutcome.Pass => new("batv", ProofResult.Pass, "tag signed by us"),
        BatvOutcome.Expired => new("batv", ProofResult.Fail, "tag expired"),
        BatvOutcome.Forged => new("batv", ProofResult.Fail, "tag not signed by us"),
        _ => new("batv", ProofResult.None, ""),
    };
}
