using Backstop.Backscatter;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Clean;

/// <summary>What a message of a mailbox is, and why.</summary>
/// <param name="Pile">Where it belongs.</param>
/// <param name="Kind">The word for what it is, such as <c>bounce</c>; <c>none</c> for mail.</param>
/// <param name="Reason">What put it on that pile: a reason of the judge, or one of <see cref="Doubts"/>.</param>
/// <param name="Key">Its campaign.</param>
/// <param name="Host">The name of the host that it came from, or null.</param>
/// <param name="Address">That host's address, or null.</param>
/// <param name="Domain">The domain that sent it, where the message is unsure because the owner has written there; else null.</param>
public sealed record Finding(Pile Pile, string Kind, Reason Reason, CampaignKey Key, string? Host, string? Address, string? Domain)
{
    /// <summary>Mail, as most is.</summary>
    internal static readonly Finding Mail = new(Pile.Mail, "none", Reasons.Mail, default, null, null, null);
}
