using Backstop.Backscatter;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Judging;

/// <summary>Lets the backscatter engine ask the sent journal.</summary>
/// <param name="journal">The journal.</param>
/// <param name="health">Knows whether it was set aside; null for one that is what it always was.</param>
/// <param name="missedFor">How long what was set aside is missed.</param>
internal sealed class JournalProof(SentJournal journal, StoreHealth? health = null, TimeSpan missedFor = default) : ISentJournal
{
    /// <inheritdoc />
    public Reason? Loss => health?.IsLost(missedFor) == true ? Reasons.JournalLost : null;

    /// <inheritdoc />
    public bool HasMessageId(string messageId) => journal.HasMessageId(messageId);

    /// <inheritdoc />
    public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) =>
        MailAddress.TryParse(recipient) is { } address && journal.HasRecipient(address.Key, ours);

    /// <inheritdoc />
    public Coverage Coverage(string ours) =>
        journal.Coverage(ours) is { } coverage
            ? new(coverage.Messages, coverage.First, coverage.Replies, coverage.RepliesToKnown)
            : default;
}
