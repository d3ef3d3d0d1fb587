using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Backscatter.Storms;

/// <summary>One unwanted message, as counted towards a storm.</summary>
/// <param name="Victim">The victim: a mailbox's address, or <c>@domain</c> for addresses that do not exist.</param>
/// <param name="Kind">The kind of storm.</param>
/// <param name="Host">The client's address.</param>
/// <param name="Source">The source that is counted: a host, or a sender's domain.</param>
/// <param name="Action">What happened to it.</param>
/// <param name="Reason">The reason for that.</param>
public readonly record struct StormSighting(string Victim, StormKind Kind, string Host, string Source, StormAction Action, Reason Reason)
{
    /// <summary>
    /// The client's network, if a sender can invent the source, such as its domain; empty if unknown. A client that
    /// invents a thousand domains counts as one source.
    /// </summary>
    public string Network { get; init; } = "";

    /// <summary>Its mailing, if its content was seen.</summary>
    public CampaignKey? Campaign { get; init; }

    /// <summary>
    /// Whether many messages of the mailing are a storm of their own, whoever gets them: only if the returned message
    /// identifies the mailing. "Undelivered mail" is everybody's subject.
    /// </summary>
    public bool TellsMailing { get; init; }

    /// <summary>The classified message, if its content was seen.</summary>
    public BounceReport? Report { get; init; }
}
