using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Backscatter.Storms;

/// <summary>One unwanted message, seen.</summary>
/// <param name="Victim">Whom it came to: a mailbox's address, or <c>@domain</c> for addresses that do not exist.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Host">The client's address.</param>
/// <param name="Source">Whom it came from, to be counted as different: a host, or a sender's domain.</param>
/// <param name="Action">What was done.</param>
/// <param name="Reason">Why that was done.</param>
public readonly record struct StormSighting(string Victim, StormKind Kind, string Host, string Source, StormAction Action, Reason Reason)
{
    /// <summary>
    /// The network it came from, where what counts as different is something that a sender can invent, such as its domain; empty
    /// where that is not known. One client that invents a thousand domains is one source.
    /// </summary>
    public string Network { get; init; } = "";

    /// <summary>The mailing it belongs to, where its content was seen.</summary>
    public CampaignKey? Campaign { get; init; }

    /// <summary>
    /// Whether many of that mailing are a storm of their own, whoever gets them: where what was returned tells the mailing.
    /// "Undelivered mail" is everybody's subject.
    /// </summary>
    public bool TellsMailing { get; init; }

    /// <summary>What it is and returns, where its content was seen.</summary>
    public BounceReport? Report { get; init; }
}
