namespace Backstop.Backscatter.Proofs;

/// <summary>How much of an address's outgoing mail has been seen.</summary>
/// <param name="Messages">How many messages.</param>
/// <param name="Since">When the first was seen; null for none.</param>
/// <param name="Replies">How many answers from people to this address's mail arrived lately.</param>
/// <param name="RepliesToKnown">How many of them answer mail that was seen.</param>
public readonly record struct Coverage(long Messages, DateTimeOffset? Since, long Replies = 0, long RepliesToKnown = 0);

/// <summary>What the engine asks about mail that was sent.</summary>
public interface ISentJournal
{
    /// <summary>Whether we sent a message with that Message-ID.</summary>
    /// <param name="messageId">Without brackets.</param>
    bool HasMessageId(string messageId);

    /// <summary>Whether one of our addresses wrote to that recipient lately.</summary>
    /// <param name="recipient">The remote address.</param>
    /// <param name="ours">Our addresses as <c>MailAddress.Key</c> gives them.</param>
    bool HasRecipient(string recipient, IReadOnlyCollection<string> ours);

    /// <summary>How much of an address's outgoing mail has been seen.</summary>
    /// <param name="ours">Our address as <c>MailAddress.Key</c> gives it.</param>
    Coverage Coverage(string ours);

    /// <summary>
    /// Why something of what was sent may be missing here; null where nothing is. While it is not null nothing is refused for want
    /// of proof.
    /// </summary>
    Reason? Loss => null;
}
