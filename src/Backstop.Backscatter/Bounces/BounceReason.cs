namespace Backstop.Backscatter.Bounces;

/// <summary>Why a recipient did not get the mail: a closed set, for programs that keep lists of addresses.</summary>
public enum BounceReason
{
    /// <summary>Nothing in the report tells.</summary>
    Unknown,

    /// <summary>There is no such mailbox, or no more, or its address is written wrongly.</summary>
    MailboxUnknown,

    /// <summary>The mailbox is over its quota.</summary>
    MailboxFull,

    /// <summary>The mailbox exists and is switched off: disabled, suspended, expired.</summary>
    MailboxDisabled,

    /// <summary>
    /// A rule of the recipient's server refuses it: sender authentication (SPF, DKIM, DMARC, reverse DNS, TLS), a closed list, what
    /// an administrator wants.
    /// </summary>
    Policy,

    /// <summary>What the message says or carries is refused: spam, a virus, an attachment, a broken form.</summary>
    Content,

    /// <summary>The sending host or sender is known for spam: it stands on a block list or has a poor reputation.</summary>
    Reputation,

    /// <summary>The message is too big.</summary>
    MessageSize,

    /// <summary>The receiving server, or the way to it, is out of order: no connection, a loop, no disk space, a temporary fault.</summary>
    Network,

    /// <summary>The recipient's domain does not exist, takes no mail, or its DNS does not answer.</summary>
    Dns,

    /// <summary>Too much mail or too fast, or too soon after the first try (greylisting).</summary>
    Rate,

    /// <summary>It was tried for as long as the sending server tries.</summary>
    Expired,

    /// <summary>The server that was asked does not carry mail for that domain, or not for this client.</summary>
    RelayDenied,
}
