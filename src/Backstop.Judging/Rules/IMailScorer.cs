using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Mail;

namespace Backstop.Judging.Rules;

/// <summary>The filters' result for a received message.</summary>
/// <param name="Reason">The reason to file it as spam; null if it is not spam.</param>
/// <param name="Fields">Fields to write in front of it, each with its line end; empty if no filter answered.</param>
internal readonly record struct MailScore(Reason? Reason, string Fields)
{
    public static MailScore None { get; } = new(null, "");

    public bool IsSpam => Reason is not null;
}

/// <summary>
/// Asks spam filters about mail before it is delivered to an inbox. Never throws: a filter that does not answer gives
/// no score.
/// </summary>
internal interface IMailScorer
{
    /// <summary>Asks the filters.</summary>
    /// <param name="transaction">The client, the sender and the accepted recipients.</param>
    /// <param name="front">The message, or the front of a large one.</param>
    /// <param name="length">The whole message's octets.</param>
    /// <param name="wanted">The recipients who get it, and their folders so far.</param>
    /// <param name="waiting">The number of messages waiting for their folders: above a limit no filter is
    /// asked.</param>
    /// <param name="now">The time.</param>
    /// <param name="budget">The message's CPU budget.</param>
    ValueTask<MailScore> ScoreAsync(
        Transaction transaction, ReadOnlyMemory<byte> front, long length, IReadOnlyList<(
            AcceptedRecipient Recipient, Verdict Verdict)> wanted, int waiting, DateTimeOffset now,
        MessageBudget budget);
}
