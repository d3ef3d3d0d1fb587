using Backstop.Backscatter;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Judging;

/// <summary>Gives the backscatter engine access to the sent journal.</summary>
/// <param name="journal">What was sent.</param>
/// <param name="health">Knows whether the journal was set aside; null if it is never set aside.</param>
/// <param name="missedFor">How long the content of a journal that was set aside is missed.</param>
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
