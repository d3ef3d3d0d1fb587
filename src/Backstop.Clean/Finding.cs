using Backstop.Backscatter;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Clean;

/// <summary>What a message of a mailbox is, and why.</summary>
/// <param name="Pile">The pile that the message belongs to.</param>
/// <param name="Kind">The kind of automatic answer, such as <c>bounce</c>; <c>none</c> for mail.</param>
/// <param name="Reason">Why it is on that pile: a reason of the judge, or one of <see cref="Doubts"/>.</param>
/// <param name="Key">The campaign that it belongs to.</param>
/// <param name="Host">The name of the host that sent it; null where it is not known.</param>
/// <param name="Address">The IP address of that host; null where it is not known.</param>
/// <param name="Domain">The domain that sent it, where the message is unsure because the owner has written to that
/// domain; else null.</param>
public sealed record Finding(Pile Pile, string Kind, Reason Reason, CampaignKey Key, string? Host, string? Address, string? Domain)
{
    /// <summary>The finding for mail that is not an automatic answer.</summary>
    internal static readonly Finding Mail = new(Pile.Mail, "none", Reasons.Mail, default, null, null, null);
}
