using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Judging.Rules;

/// <summary>What a message is, and what happens to it.</summary>
/// <param name="Report">The classified message.</param>
/// <param name="Verdicts">One verdict for each recipient of the transaction, in order.</param>
/// <param name="Wanted">The recipients who get the message, and their folders: one for each mailbox of an alias; empty if all
/// refuse it.</param>
/// <param name="FilterFields">Fields that the spam filters add, each with its line end.</param>
internal sealed record Judgement(
    BounceReport Report,
    IReadOnlyList<Verdict> Verdicts,
    IReadOnlyList<(AcceptedRecipient Recipient, Verdict Verdict)> Wanted,
    string FilterFields)
{
    /// <summary>Its Message-ID, without brackets; null where it has none, or where nobody gets it.</summary>
    public string? MessageId { get; init; }

    /// <summary>Whether it looks like mass mail; default for reports.</summary>
    public MassMailShape Shape { get; init; }

    /// <summary>
    /// Scans the message later because the filters could not keep up, and returns a folder for each mailbox; null if it
    /// was scanned or needs no scan.
    /// </summary>
    public LateDecision? Later { get; init; }

    /// <summary>
    /// Returns one verdict for all recipients: the message is filed only if every recipient files or refuses it.
    /// </summary>
    public Verdict Joint() =>
        Wanted.Select(w => w.Verdict).FirstOrDefault(v => v.Action == VerdictAction.Deliver)
            ?? (Wanted.Count > 0 ? Wanted[0].Verdict : Verdict.File(Verdicts[0].Reason));
}
