using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Mail;

namespace Backstop.Judging.Rules;

/// <summary>What the filters say of a message that is received here.</summary>
/// <param name="Reason">Why it belongs into the folder for spam, null where it does not.</param>
/// <param name="Fields">Fields to put before it, each with its line end; empty when nobody said anything.</param>
internal readonly record struct MailScore(Reason? Reason, string Fields)
{
    public static MailScore None { get; } = new(null, "");

    public bool IsSpam => Reason is not null;
}

/// <summary>Asks spam filters about mail that is on its way to an inbox. Never throws: what they do not answer is no score.</summary>
internal interface IMailScorer
{
    /// <summary>Asks them.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="front">The message, or the front of a large one.</param>
    /// <param name="length">The whole message's octets.</param>
    /// <param name="wanted">Who gets it, and into which folder as of now.</param>
    /// <param name="waiting">How many messages wait for their folders: above a limit no filter is asked.</param>
    /// <param name="now">The time.</param>
    /// <param name="budget">What the message may still cost.</param>
    ValueTask<MailScore> ScoreAsync(
        Transaction transaction, ReadOnlyMemory<byte> front, long length, IReadOnlyList<(
            AcceptedRecipient Recipient, Verdict Verdict)> wanted, int waiting, DateTimeOffset now,
        MessageBudget budget);
}
