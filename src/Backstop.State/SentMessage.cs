using Backstop.Mail;

namespace Backstop.State;

/// <summary>A message that was sent.</summary>
/// <param name="From">Who sent it: the address that its bounces come to.</param>
/// <param name="MessageId">Without brackets; null where it had none.</param>
/// <param name="Recipients">Who it went to.</param>
/// <param name="SentAt">When.</param>
/// <param name="IsCounted">Whether it is a message of its own: where recipients are told one by one, only the first is.</param>
public sealed record SentMessage(
    MailAddress From, string? MessageId, IReadOnlyList<MailAddress> Recipients, DateTimeOffset SentAt, bool IsCounted = true);

/// <summary>How much of an address's outgoing mail is known.</summary>
/// <param name="Address">The address, as a key.</param>
/// <param name="Messages">How many messages.</param>
/// <param name="First">The first one seen.</param>
/// <param name="Last">The last one seen.</param>
/// <param name="Replies">How many answers from people to its mail arrived in the last <see cref="SentJournal.ReplyWindow"/>.</param>
/// <param name="RepliesToKnown">How many of them answer mail that is known.</param>
public sealed record SenderCoverage(
    string Address, long Messages, DateTimeOffset First, DateTimeOffset Last, long Replies = 0, long RepliesToKnown = 0);

/// <summary>Answers to an address's mail that arrived on one day.</summary>
/// <param name="Address">The address, as a key.</param>
/// <param name="Day">The unix day.</param>
/// <param name="All">How many.</param>
/// <param name="ToKnown">How many of them answer mail that is known.</param>
public readonly record struct ReplyCount(string Address, long Day, long All, long ToKnown);
