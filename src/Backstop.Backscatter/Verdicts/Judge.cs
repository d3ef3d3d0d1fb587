using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;

namespace Backstop.Backscatter.Verdicts;

/// <summary>When a bounce without proof is refused rather than filed.</summary>
public enum UnprovedPolicy
{
    /// <summary>Always filed.</summary>
    File,

    /// <summary>Refused once enough of the address's sent mail is known; filed until then.</summary>
    Auto,

    /// <summary>Always refused.</summary>
    Refuse,
}

/// <summary>Decides about a message at the end of its data. The order of the rules is the order of the lines.</summary>
/// <param name="prover">Proves the origin of what a report returns.</param>
/// <param name="journal">Knows how much of the sent mail is known.</param>
/// <param name="policy">Whether to refuse for want of proof.</param>
/// <param name="rule">Decides when an address is covered.</param>
public sealed class Judge(OriginProver prover, ISentJournal journal, UnprovedPolicy policy, CoverRule rule)
{
    private static readonly ProofSet _notAsked = new([], false);

    /// <summary>Decides whether a message is delivered, filed or refused.</summary>
    /// <param name="report">The classified message.</param>
    /// <param name="envelope">The checks of the recipient address, and the addresses of its mailbox.</param>
    /// <param name="now">The time of arrival.</param>
    /// <returns>The verdict, and the proofs it is based on.</returns>
    public (Verdict Verdict, ProofSet Proofs) Decide(BounceReport report, Envelope envelope, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(envelope);
        if (report.Kind == MailKind.None)
        {
            return (report.IsFake && !envelope.IsRole ? Verdict.File(Reasons.FakeBounce) : Verdict.Deliver(Reasons.Mail), _notAsked);
        }

        var proofs = prover.Prove(report, envelope, now);
        return (Decide(report, envelope, proofs, now), proofs);
    }

    /// <summary>
    /// Returns how much of an address's sent mail is known, and whether bounces without proof are refused for it.
    /// </summary>
    /// <param name="ours">The address as a key.</param>
    /// <param name="now">The time.</param>
    public Cover CoverOf(string ours, DateTimeOffset now) => rule.Judge(journal.Coverage(ours), now);

    /// <summary>
    /// The reason why bounces without proof are filed and never refused: the journal's <see cref="ISentJournal.Loss"/>;
    /// null if it is complete.
    /// </summary>
    public Reason? Loss => journal.Loss;

    private Verdict Decide(BounceReport report, Envelope envelope, ProofSet proofs, DateTimeOffset now)
    {
        var refuted = !envelope.IsRole && MayRefuse(report) ? proofs.Refuted : null;
        if (refuted is { IsOfEnvelope: true })
        {
            return Verdict.Refuse(refuted.Reason!);
        }

        if (proofs.Passed is { } passed)
        {
            return Verdict.Deliver(passed.Reason!);
        }

        if (refuted is not null)
        {
            return Verdict.Refuse(refuted.Reason!);
        }

        if (envelope.IsRole)
        {
            return Verdict.Deliver(Reasons.OfRole(report.Kind));
        }

        // Complaints and read receipts do not come in floods, and people ask for them.
        // A receipt that rejects (RFC 5429) is a bounce in all but its form.
        if (report.Kind == MailKind.FeedbackReport || (report.Kind == MailKind.Mdn && !report.Recipients.Any(r => r.Action == "failed")))
        {
            return Verdict.Deliver(Reasons.OfKind(report.Kind));
        }

        // Filing needs more certainty than naming, and a notice of one's own server to its administrator is delivered.
        var isOwnServer = report.IsOwnServer && IsOfDomainOf(report.From, envelope.Ours);
        if (!report.IsCertain || isOwnServer)
        {
            return Verdict.Deliver(report.IsCertain ? Reasons.OwnServer(report.Kind) : Reasons.Unsure(report.Kind));
        }

        // The proof may be in the part that is missing.
        if (journal.Loss is { } loss)
        {
            return Verdict.File(loss);
        }

        var reason = Reasons.Unproved(report.Kind);
        return !MayRefuse(report) || proofs.HasHint ? Verdict.File(reason)
            : RefusesUnproved(envelope, now) ? Verdict.Refuse(reason)
            : Verdict.File(reason);
    }

    // Anybody can write any address into a header: the envelope's recipient tells whose server it is. A host below the
    // recipient's domain is the recipient's own, one above is not. Of a stored message the recipient may be unknown.
    private static bool IsOfDomainOf(string? from, IReadOnlyList<string> ours)
    {
        var host = Signs.Domain(from);
        var isKnown = false;
        foreach (var address in ours)
        {
            var domain = Signs.Domain(address);
            isKnown |= !domain.IsEmpty;
            if (host.Length >= domain.Length && Signs.AreRelated(host, domain))
            {
                return true;
            }
        }

        return !isKnown;
    }

    // Only a report about a delivery, from the null reverse-path: its refusal sends no message to anybody. Auto-replies
    // are filed.
    private static bool MayRefuse(BounceReport report) =>
        report.NullReversePath == true && report.Kind is MailKind.Bounce or MailKind.Delay or MailKind.SuccessReport;

    private bool RefusesUnproved(Envelope envelope, DateTimeOffset now) => policy switch
    {
        UnprovedPolicy.Refuse => true,
        UnprovedPolicy.Auto => CoverOf(envelope.Ours[0], now).IsCovered,
        _ => false,
    };
}
