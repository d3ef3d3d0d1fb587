using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Judging.Storms;
using Backstop.Mail;

namespace Backstop.Judging.Rules;

/// <summary>
/// The last question at RCPT, asked of strangers only: whether their mail is to come later. It never refuses for good, and mail
/// that the recipient knows the sender of is never deferred.
/// </summary>
/// <param name="options">The configuration.</param>
/// <param name="rates">Counts what networks and domains send.</param>
/// <param name="greylist">Has first mail wait; null where it does not.</param>
/// <param name="storms">Knows who writes to whom.</param>
/// <param name="refusals">Makes the replies.</param>
internal sealed class StrangerRules(BackstopOptions options, RateLimits rates, Greylist? greylist, StormRules storms, Refusals refusals)
{
    /// <summary>Defers a recipient that all other rules accepted; null where it is accepted.</summary>
    /// <param name="transaction">The client and the sender.</param>
    /// <param name="recipient">The recipient.</param>
    public Refusal? AtRecipient(Transaction transaction, AcceptedRecipient recipient)
    {
        if (IsExempt(transaction.Client) || recipient.Known.IsRole
            || recipient.Batv == BatvOutcome.Pass || recipient.Srs == SignedOutcome.Pass)
        {
            return null;
        }

        var sender = transaction.ReversePath.Address;
        var domain = sender is null ? "" : MailAddress.DomainKey(sender.Domain);
        if (sender is not null && greylist is not null && !storms.KnowsNobody
            && greylist.Defers(transaction.Client.Address, domain, recipient.Known.Person, () => storms.IsKnown(recipient.Known, sender)))
        {
            const string Text = "Not known here yet, try again in some minutes";
            return new(ServerReasons.GreylistWait, refusals.Later(ServerReasons.GreylistWait, Text));
        }

        var limit = rates.Take(transaction.Client.Address, domain);
        if (limit == RateLimit.None || storms.IsKnown(recipient.Known, sender))
        {
            return null;
        }

        var reason = limit == RateLimit.Network ? ServerReasons.RateNetwork : ServerReasons.RateSenderDomain;
        return new(reason, refusals.Later(reason, "Too many recipients from there just now, try again later"));
    }

    // A server that asks us need not say who its client is: then all of them would be counted as one.
    private bool IsExempt(ClientIdentity client) =>
        OwnClients.Has(options, client) || client.Login.Length > 0 || client.Address.Equals(IPAddress.None);
}
