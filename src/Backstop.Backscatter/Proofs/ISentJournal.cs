namespace Backstop.Backscatter.Proofs;

/// <summary>How much of an address's outgoing mail is known.</summary>
/// <param name="Messages">The number of messages.</param>
/// <param name="Since">When the first one was seen; null for none.</param>
/// <param name="Replies">How many replies of people to this address's mail arrived lately.</param>
/// <param name="RepliesToKnown">How many of them reply to known mail.</param>
public readonly record struct Coverage(long Messages, DateTimeOffset? Since, long Replies = 0, long RepliesToKnown = 0);

/// <summary>What the engine asks about sent mail.</summary>
public interface ISentJournal
{
    /// <summary>Whether we sent a message with that Message-ID.</summary>
    /// <param name="messageId">Without brackets.</param>
    bool HasMessageId(string messageId);

    /// <summary>Whether one of our addresses wrote to that recipient lately.</summary>
    /// <param name="recipient">The remote address.</param>
    /// <param name="ours">Our addresses as <c>MailAddress.Key</c> gives them.</param>
    bool HasRecipient(string recipient, IReadOnlyCollection<string> ours);

    /// <summary>Returns how much of an address's outgoing mail is known.</summary>
    /// <param name="ours">Our address as <c>MailAddress.Key</c> gives it.</param>
    Coverage Coverage(string ours);

    /// <summary>
    /// The reason why parts of the journal may be missing; null if it is complete. While it is not null, nothing is
    /// refused for want of proof.
    /// </summary>
    Reason? Loss => null;
}
