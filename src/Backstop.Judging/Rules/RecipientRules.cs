using Backstop.Backscatter;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Backstop.MailAuth.Dnsbl;
using Backstop.Protocols.Smtp;

namespace Backstop.Judging.Rules;

/// <summary>
/// RCPT: may this sender write to this address? Asked wherever a recipient is told to us, before any octet of the message.
/// </summary>
internal sealed class RecipientRules(
    BackstopOptions options, Recipients recipients, Proving proving, DnsblChecker dnsbl, Refusals refusals, StormDesk storms, TimeProvider time)
{
    private readonly HashSet<string> _alwaysSigned = [.. options.Batv.AlwaysSigned.Select(a => MailAddress.TryParse(a)!.Key)];

    /// <summary>Says what a recipient is, or why it is refused; the transaction stays as it is.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="address">The forward-path's address.</param>
    /// <param name="known">Whose it is; null for nobody's.</param>
    /// <param name="ct">Ends the question to the DNS lists.</param>
    /// <returns>The recipient, or the refusal: one of them.</returns>
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

        // Safe mode: only what bounces and callouts come from; a valid tag beats a listing.
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

    // A tag that fails is refused whatever any list says; a bounce goes to one recipient, because a message has one sender.
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

    // A bounce to an address that a forwarder of ours made, or seems to have made.
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
