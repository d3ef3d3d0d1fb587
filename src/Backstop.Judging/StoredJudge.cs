using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>What the server would have made of a stored message.</summary>
/// <param name="Report">What it is.</param>
/// <param name="Verdict">What would be done.</param>
/// <param name="Proofs">What that stands on.</param>
/// <param name="Ours">The address it came to, as a key; empty where nothing tells.</param>
internal readonly record struct StoredVerdict(BounceReport Report, Verdict Verdict, ProofSet Proofs, string Ours);

/// <summary>
/// Does to a stored message what the server does to an arriving one, as far as the file still tells. Used by many threads at once.
/// </summary>
/// <param name="options">The configuration.</param>
/// <param name="proving">What can prove an origin.</param>
/// <param name="asksWhoTo">Whether the message is asked who it came to: where there are no keys, mailboxes and journal that does
/// not matter.</param>
internal sealed class StoredJudge(BackstopOptions options, Proving proving, bool asksWhoTo)
{
    // The fields that name the recipient, the most telling first.
    private static readonly byte[][] _recipientFields =
        ["X-Original-To"u8.ToArray(), "Delivered-To"u8.ToArray(), "Envelope-To"u8.ToArray(), "X-Envelope-To"u8.ToArray(), "To"u8.ToArray()];

    private readonly Recipients? _recipients = options.Mailboxes.Count > 0 ? new(options) : null;

    /// <summary>Judges a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="known">What is known of its envelope.</param>
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
            mailbox?.IsRole ?? false, tag is null ? BatvOutcome.None : proving.Batv.Check(tag, now), ours, made is null ? SignedOutcome.None : proving.Srs.Check(made, now));
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
