namespace Backstop.Backscatter.Bounces;

/// <summary>Converts reasons to and from the words in JSON and on the command line.</summary>
public static class BounceReasonWord
{
    /// <summary>Returns the reason's word, such as <c>mailbox-full</c>.</summary>
    /// <param name="reason">Any value of the enumeration.</param>
    public static string Word(this BounceReason reason) => reason switch
    {
        BounceReason.MailboxUnknown => "mailbox-unknown",
        BounceReason.MailboxFull => "mailbox-full",
        BounceReason.MailboxDisabled => "mailbox-disabled",
        BounceReason.Policy => "policy",
        BounceReason.Content => "content",
        BounceReason.Reputation => "reputation",
        BounceReason.MessageSize => "message-size",
        BounceReason.Network => "network",
        BounceReason.Dns => "dns",
        BounceReason.Rate => "rate",
        BounceReason.Expired => "expired",
        BounceReason.RelayDenied => "relay-denied",
        _ => "unknown",
    };

    /// <summary>Returns the reason with that word, or null.</summary>
    /// <param name="word">Such as <c>mailbox-full</c>.</param>
    public static BounceReason? Parse(string word)
    {
        foreach (var reason in Enum.GetValues<BounceReason>())
        {
            if (string.Equals(reason.Word(), word, StringComparison.Ordinal))
            {
                return reason;
            }
        }

        return null;
    }
}
