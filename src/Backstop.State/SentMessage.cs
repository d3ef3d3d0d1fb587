using Backstop.Mail;

namespace Backstop.State;

/// <summary>A message that was sent.</summary>
/// <param name="From">The sender: the address that receives the message's bounces.</param>
/// <param name="MessageId">Without brackets; null where it had none.</param>
/// <param name="Recipients">The remote addresses that it was sent to.</param>
/// <param name="SentAt">When it was sent.</param>
/// <param name="IsCounted">Whether it counts as a message: when a log reports recipients one by one, only the first
/// counts.</param>
/// <param name="Digest">Identifies a message without a Message-ID; null if it has none, so that it counts each time it is added.</param>
public sealed record SentMessage(
    MailAddress From, string? MessageId, IReadOnlyList<MailAddress> Recipients, DateTimeOffset SentAt, bool IsCounted = true,
    string? Digest = null);

/// <summary>How much of a sender's outgoing mail is known.</summary>
/// <param name="Address">The address, as a key.</param>
/// <param name="Messages">The number of messages.</param>
/// <param name="First">The first one seen.</param>
/// <param name="Last">The last one seen.</param>
/// <param name="Replies">How many replies from people to its mail arrived in the last <see
/// cref="SentJournal.ReplyWindow"/>.</param>
/// <param name="RepliesToKnown">How many of them reply to mail in the journal.</param>
public sealed record SenderCoverage(
    string Address, long Messages, DateTimeOffset First, DateTimeOffset Last, long Replies = 0, long RepliesToKnown = 0);

/// <summary>Replies to a sender's mail that arrived on one day.</summary>
/// <param name="Address">The address, as a key.</param>
/// <param name="Day">The number of days since 1970.</param>
/// <param name="All">The number of replies.</param>
/// <param name="ToKnown">How many of them reply to mail in the journal.</param>
public readonly record struct ReplyCount(string Address, long Day, long All, long ToKnown);
