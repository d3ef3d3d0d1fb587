using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// Checks everything that can prove whether we sent the message that a report returns, the strongest proof first.
/// </summary>
/// <param name="journal">The journal of sent mail.</param>
/// <param name="signedIds">Checks signed ids and fields.</param>
/// <param name="dkim">Our DKIM keys.</param>
/// <param name="received">Knows our hosts.</param>
/// <param name="ownFields">Fields that only our mail carries; null for none.</param>
public sealed class OriginProver(
    ISentJournal journal, SignedMessageId signedIds, OwnDkim dkim, ReceivedChain received, OwnFields? ownFields = null)
{
    // The most ids of a long thread that are shown.
    private const int MaxShown = 4;

    private static readonly byte[] _stampField = Encoding.ASCII.GetBytes(SignedMessageId.FieldName);

    private readonly OwnFields _ownFields = ownFields ?? new([]);

    /// <summary>Makes a prover that asks only the journal.</summary>
    /// <param name="journal">The journal of sent mail.</param>
    public OriginProver(ISentJournal journal)
        : this(journal, new([]), new([], TimeSpan.Zero), new([]))
    {
    }

    /// <summary>Returns all proofs about whether a report returns our mail, the strongest first.</summary>
    /// <param name="report">The classified message.</param>
    /// <param name="envelope">The checks of the recipient address, and the addresses of its mailbox.</param>
    /// <param name="now">The time of arrival.</param>
    public ProofSet Prove(BounceReport report, Envelope envelope, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(envelope);
        var ids = AnsweredId.Of(report);
        var (chain, isHint) = received.Read(report.Returned);
        return new(
            [
                FromBatv(envelope.Batv), FromSrs(envelope.Srs), FromSigned(
                    report, ids, envelope.Ours, now), FromDkim(report, envelope.Ours, now),
                FromJournal(report, ids, envelope.Ours), _ownFields.Read(report.Returned), chain,
            ],
            isHint);
    }

    private static Proof FromBatv(BatvOutcome outcome) => outcome switch
    {
        BatvOutcome.Pass => new("batv", ProofResult.Pass, "tag signed by us") { Reason = Reasons.BatvPass },
        BatvOutcome.Expired => new("batv", ProofResult.Fail, "tag expired") { Reason = Reasons.BatvExpired },
        BatvOutcome.Forged => new("batv", ProofResult.Fail, "tag not signed by us") { Reason = Reasons.BatvForged },
        _ => new("batv", ProofResult.None, ""),
    };

    private static Proof FromSrs(SignedOutcome outcome) => outcome switch
    {
        SignedOutcome.Pass => new("srs", ProofResult.Pass, "address made by us") { Reason = Reasons.SrsPass },
        SignedOutcome.Expired => new("srs", ProofResult.Fail, "address expired") { Reason = Reasons.SrsExpired },
        SignedOutcome.Forged => new("srs", ProofResult.Fail, "address not made by us") { Reason = Reasons.SrsForged },
        _ => new("srs", ProofResult.None, ""),
    };

    // The returned id, or the id that an auto-reply refers to; then the field, for messages with an id chosen by
    // others.
    private Proof FromSigned(BounceReport report, List<AnsweredId> ids, IReadOnlyList<string> ours, DateTimeOffset now)
    {
        var best = Signed(SignedOutcome.None, "");
        foreach (var proof in SignedProofs(report, ids, ours, now))
        {
            if (proof.Result == ProofResult.Pass)
            {
                return proof;
            }

            // A forgery counts whatever else was found; of results that prove nothing, the first with an explanation.
            best = best.Result == ProofResult.Fail || (best.Detail.Length > 0 && proof.Result == ProofResult.None) ? best : proof;
        }

        return best;
    }

    private IEnumerable<Proof> SignedProofs(BounceReport report, List<AnsweredId> ids, IReadOnlyList<string> ours, DateTimeOffset now)
    {
        foreach (var id in ids)
        {
            var proof = Signed(report, ours, senders => signedIds.Check(id.Id, senders, now), $"id {id}");
            yield return id.IsReturned || proof.Result != ProofResult.Fail
                ? proof
                : proof with { Result = ProofResult.None, Reason = null };
        }

        if (report.Returned.MessageId is { } returned && Stamp(report.Returned) is { } stamp)
        {
            yield return Signed(
                report, ours, senders => signedIds.CheckStamp(stamp, returned, senders, now),
                $"field {SignedMessageId.FieldName} of {returned}");
        }
    }

    // A signature for another address of ours is not a forgery: the envelope sender may differ from the message's
    // sender. Here it proves nothing. If nothing names the message's sender, the two cases cannot be distinguished.
    private static Proof Signed(
        BounceReport report, IReadOnlyList<string> ours, Func<IReadOnlyCollection<string>, SignedOutcome> check, string what)
    {
        var outcome = check(ours);
        if (outcome != SignedOutcome.Forged)
        {
            return Signed(outcome, what);
        }

        if (MailAddress.TryParse(report.Returned.From) is not { } from)
        {
            return NotSigned($"{what} looks like ours, but is not signed for this address; the report does not return the sender");
        }

        return check([from.Key]) != SignedOutcome.Forged ? NotSigned($"{what} signed by us, but for {from.Key}") : Signed(outcome, what);
    }

    private static Proof NotSigned(string why) => new("signed-message-id", ProofResult.None, why);

    private static Proof Signed(SignedOutcome outcome, string what) => outcome switch
    {
        SignedOutcome.Pass => new("signed-message-id", ProofResult.Pass, $"{what} signed by us") { Reason = Reasons.SignedIdPass },
        SignedOutcome.Expired =>
            new("signed-message-id", ProofResult.Fail, $"{what} signed too long ago") { Reason = Reasons.SignedIdExpired },
        SignedOutcome.Forged =>
            new(
                "signed-message-id", ProofResult.Fail, $"{what} looks like ours, but is not signed by us for this "
                    + $"address")
            { Reason = Reasons.SignedIdForged },
        _ => new("signed-message-id", ProofResult.None, ""),
    };

    private Proof FromDkim(BounceReport report, IReadOnlyList<string> ours, DateTimeOffset now)
    {
        var proof = dkim.Verify(report.Returned, ours, now);
        return proof.Result == ProofResult.Pass ? proof with { Reason = Reasons.OwnDkimPass } : proof;
    }

    private Proof FromJournal(BounceReport report, List<AnsweredId> ids, IReadOnlyList<string> ours)
    {
        foreach (var id in ids)
        {
            if (journal.HasMessageId(id.Id))
            {
                return new("journal", ProofResult.Pass, $"message-id {id}") { Reason = Reasons.JournalMessageId };
            }
        }

        var recipients = RecipientsOf(report).ToList();
        foreach (var address in recipients)
        {
            if (journal.HasRecipient(address, ours))
            {
                return new("journal", ProofResult.Pass, $"recipient {address}") { Reason = Reasons.JournalRecipient };
            }
        }

        return new(
            "journal", ProofResult.None, NotKnown([.. ids.Select(i => $"message-id {i}"), .. recipients.Select(r => $"recipient {r}")]));
    }

    private static string NotKnown(List<string> asked) =>
        asked.Count == 0
            ? ""
            : $"does not know {string.Join(", ", asked.Take(MaxShown))}"
                + $"{(asked.Count > MaxShown ? $" and {asked.Count - MaxShown} more" : "")}";

    private static string? Stamp(ReturnedMessage returned)
    {
        var fields = new List<HeaderField>();
        HeaderScan.ScanLoose(returned.Header.Span, fields);
        return fields.Text(returned.Header.Span, _stampField);
    }

    // An automatic answer comes from the address that we wrote to. A bounce names it, or returns it in To.
    private static IEnumerable<string> RecipientsOf(BounceReport report)
    {
        var named = report.Recipients.Select(r => r.Address);
        return report.Kind switch
        {
            MailKind.AutoReply or MailKind.Challenge or MailKind.Mdn => report.From is { } from ? named.Append(from) : named,
            _ when report.Recipients.Count == 0 && report.Returned.To is { } to => [to],
            _ => named,
        };
    }
}
