using Backstop.Backscatter;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Backstop.MailAuth.Dnsbl;
using Backstop.Protocols.Smtp;

namespace Backstop.Judging.Rules;

/// <summary>The rules at RCPT: decides whether this sender may write to this address, before the message is sent.</summary>
internal sealed class RecipientRules(
    BackstopOptions options, Recipients recipients, Proving proving, DnsblChecker dnsbl, Refusals refusals, StormDesk storms,
    TimeProvider time)
{
    private readonly HashSet<string> _alwaysSigned = [.. options.Batv.AlwaysSigned.Select(a => MailAddress.TryParse(a)!.Key)];

    /// <summary>Accepts or refuses a recipient; does not change the transaction.</summary>
    /// <param name="transaction">The client, the sender and the recipients so far.</param>
    /// <param name="address">The forward-path's address.</param>
    /// <param name="known">The recipient's mailbox; null if there is none.</param>
    /// <param name="ct">Cancels the lookups in DNS lists.</param>
    /// <returns>Either the accepted recipient or the refusal.</returns>
    public async ValueTask<(AcceptedRecipient? Recipient, Refusal? Refusal)> JudgeAsync(
        Transaction transaction, MailAddress address, KnownRecipient? known, CancellationToken ct)
    {
        var (recipient, refusal) = await AskAsync(transaction, address, known, ct);
        if (refusal is { } no)
        {
            storms.SawRefusal(transaction, address, known, no);
        }

        return (recipient, refusal);
    }

    private async ValueTask<(AcceptedRecipient? Recipient, Refusal? Refusal)> AskAsync(
        Transaction transaction, MailAddress address, KnownRecipient? known, CancellationToken ct)
    {
        var srs = Srs(transaction, address);
        if (srs is SignedOutcome.Forged or SignedOutcome.Expired)
        {
            var reason = srs == SignedOutcome.Forged ? Reasons.SrsForged : Reasons.SrsExpired;
            return (null, Permanent("5.7.1", "This address did not send what is returned to it", reason));
        }

        if (known is null)
        {
            return (null, recipients.IsLocalDomain(address.Domain)
                ? new(ServerReasons.RecipientUnknown, Refusals.UnknownRecipient)
                : Permanent("5.7.1", "Not a domain of this host", ServerReasons.RelayDenied));
        }

        var tag = known.Tag is null ? BatvOutcome.None : proving.Batv.Check(known.Tag, time.GetUtcNow());
        if (transaction.ReversePath.IsNull && NullSenderRefusal(transaction, known, tag) is { } refusal)
        {
            return (null, refusal);
        }

        // Safe mode: only for the senders of bounces and callouts; a valid tag takes precedence over a listing.
        if (IsSafeModeSender(transaction.ReversePath) && !known.IsRole && tag != BatvOutcome.Pass
            && await ListedAtAsync(transaction.Client, ct) is { } zone)
        {
            return (null, Permanent("5.7.1", "Bounces from this address are not accepted", ServerReasons.Listed(zone)));
        }

        if (storms.AtRecipient(transaction, known, isProved: tag == BatvOutcome.Pass || srs == SignedOutcome.Pass) is { } turnedAway)
        {
            return (null, turnedAway);
        }

        return (new(address, known, tag, srs), null);
    }

    // A bad tag is refused whatever the lists say; a bounce has one recipient, because a message has one sender.
    private Refusal? NullSenderRefusal(Transaction transaction, KnownRecipient known, BatvOutcome tag)
    {
        if (transaction.Recipients.Count > 0)
        {
            return new(ServerReasons.NullOneRecipient, SmtpReplies.TooManyRecipients);
        }

        var reason = tag switch
        {
            _ when known.IsRole => null,
            BatvOutcome.Expired => Reasons.BatvExpired,
            BatvOutcome.Forged => Reasons.BatvForged,
            BatvOutcome.None when known.Tag is null && _alwaysSigned.Contains(known.Key) => Reasons.BatvMissing,
            _ => null,
        };
        return reason is null ? null : Permanent("5.7.1", "This address did not send what is returned to it", reason);
    }

    // A bounce to an SRS address of our forwarder, genuine or forged.
    private SignedOutcome Srs(Transaction transaction, MailAddress address) =>
        transaction.ReversePath.IsNull && proving.Srs.HasSecret && recipients.IsLocalDomain(address.Domain)
            && SrsAddress.TryParse(address) is { } made
            ? proving.Srs.Check(made, time.GetUtcNow())
            : SignedOutcome.None;

    private async ValueTask<string?> ListedAtAsync(ClientIdentity client, CancellationToken ct) =>
        dnsbl.Zones.Count > 0 && (options.Dnsbl.AskPrivate || DnsblName.IsPublic(client.Address))
            ? await dnsbl.FindAsync(client.Address, ct)
            : null;

    private static bool IsSafeModeSender(ReversePath path) =>
        path.IsNull || path.Address!.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase);

    private Refusal Permanent(string enhanced, string text, Reason reason) => new(reason, refusals.Permanent(enhanced, text, reason));
}
