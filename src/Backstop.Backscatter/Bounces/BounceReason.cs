namespace Backstop.Backscatter.Bounces;

/// <summary>Why a recipient did not get the mail: a closed set, for programs that maintain lists of addresses.</summary>
public enum BounceReason
{
    /// <summary>The report does not say.</summary>
    Unknown,

    /// <summary>The mailbox does not exist or no longer exists, or the address is misspelt.</summary>
    MailboxUnknown,

    /// <summary>The mailbox is over its quota.</summary>
    MailboxFull,

    /// <summary>The mailbox exists but is switched off: disabled, suspended, expired.</summary>
    MailboxDisabled,

    /// <summary>
    /// A rule of the recipient's server refuses the mail: sender authentication (SPF, DKIM, DMARC, reverse DNS, TLS), a
    /// closed list, an administrator's rule.
    /// </summary>
    Policy,

    /// <summary>The content is refused: spam, a virus, an attachment, a malformed message.</summary>
    Content,

    /// <summary>The sending host or sender is known for spam: it is on a block list or has a poor reputation.</summary>
    Reputation,

    /// <summary>The message is too large.</summary>
    MessageSize,

    /// <summary>
    /// The receiving server or the route to it has failed: no connection, a loop, no disk space, a temporary error.
    /// </summary>
    Network,

    /// <summary>The recipient's domain does not exist or accepts no mail, or its DNS does not answer.</summary>
    Dns,

    /// <summary>Too much mail, too fast, or too soon after the first try (greylisting).</summary>
    Rate,

    /// <summary>The sending server gave up after its retry time.</summary>
    Expired,

    /// <summary>The server does not accept mail for that domain, or not from this client.</summary>
    RelayDenied,
}
