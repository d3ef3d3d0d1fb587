using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>The server's verdict about a stored message.</summary>
/// <param name="Report">The classified message.</param>
/// <param name="Verdict">What the server would do with it.</param>
/// <param name="Proofs">The results of the proofs of origin.</param>
/// <param name="Ours">The recipient as a key; empty if unknown.</param>
internal readonly record struct StoredVerdict(BounceReport Report, Verdict Verdict, ProofSet Proofs, string Ours);

/// <summary>
/// Judges a stored message as the server judges an arriving one, as far as the file contains the envelope. Used by many
/// threads at once.
/// </summary>
/// <param name="options">The configuration.</param>
/// <param name="proving">Proves the origin of what a report returns.</param>
/// <param name="asksWhoTo">Whether to read the recipient from the message; without keys, mailboxes and journal it does
/// not matter.</param>
internal sealed class StoredJudge(BackstopOptions options, Proving proving, bool asksWhoTo)
{
    // The fields that name the recipient, the most reliable first.
    private static readonly byte[][] _recipientFields =
        ["X-Original-To"u8.ToArray(), "Delivered-To"u8.ToArray(), "Envelope-To"u8.ToArray(), "X-Envelope-To"u8.ToArray(), "To"u8.ToArray()];

    private readonly Recipients? _recipients = options.Mailboxes.Count > 0 ? new(options) : null;

    /// <summary>Judges a message.</summary>
    /// <param name="message">The stored message, with the fields that its delivery added.</param>
    /// <param name="known">The known parts of its envelope.</param>
    /// <param name="now">The time of its arrival.</param>
    public StoredVerdict Judge(MailMessage message, KnownEnvelope known, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(message);
        var budget = JudgingBudget.For(options, message.Octets.Length);
        var report = BounceClassifier.Classify(message, known.NullReversePath, budget);
        var address = known.To ?? (asksWhoTo ? RecipientOf(message) : null);
        var mailbox = address is null ? null : _recipients?.Find(address);
        var tag = address is null ? null : BatvTag.TryParse(address);
        var made = address is null ? null : SrsAddress.TryParse(address);
        IReadOnlyList<string> ours = mailbox?.Ours ?? [(tag?.Original ?? address)?.Key ?? ""];
        var envelope = new Envelope(
            mailbox?.IsRole ?? false, tag is null ? BatvOutcome.None : proving.Batv.Check(tag, now), ours,
            made is null ? SignedOutcome.None : proving.Srs.Check(made, now));
        var (verdict, proofs) = proving.Judge.Decide(report, envelope, now);
        return new(report, budget.Said(verdict), proofs, ours[0]);
    }

    private static MailAddress? RecipientOf(MailMessage message)
    {
        foreach (var name in _recipientFields)
        {
            if (message.StrictFields.Text(message.Octets.Span, name) is { } body
                && MailAddress.TryParse(HeaderText.FirstAddress(body) ?? body) is { } address)
            {
                return address;
            }
        }

        return null;
    }
}
