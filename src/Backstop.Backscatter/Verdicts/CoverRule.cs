using System.Globalization;
using Backstop.Backscatter.Proofs;

namespace Backstop.Backscatter.Verdicts;

/// <summary>
/// How much of an address's outgoing mail is known, and whether that is enough to refuse bounces without proof.
/// </summary>
/// <param name="Seen">What is known.</param>
/// <param name="IsCovered">Whether it is enough.</param>
/// <param name="Why">The reason, in one sentence.</param>
public sealed record Cover(Coverage Seen, bool IsCovered, string Why);

/// <summary>Decides when an address is covered, so that bounces without proof may be refused.</summary>
/// <remarks>
/// Messages and time show how much was seen; replies show how much was not: replies to mail that we never saw mean that
/// some mail is sent by a way that bypasses us (a phone, a web form), and its genuine bounces would be refused.
/// </remarks>
/// <param name="age">How long the address's mail must have been seen.</param>
/// <param name="messages">The least number of messages.</param>
/// <param name="share">The least part, 0 to 1, of the replies that must be replies to known mail.</param>
public sealed class CoverRule(TimeSpan age, int messages, double share)
{
    /// <summary>With fewer replies than this their share means nothing.</summary>
    public const int MinReplies = 5;

    /// <summary>Decides whether an address is covered.</summary>
    /// <param name="seen">What is known.</param>
    /// <param name="now">The time.</param>
    public Cover Judge(Coverage seen, DateTimeOffset now)
    {
        if (seen.Since is not { } since)
        {
            return new(seen, false, "no mail sent by this address is known");
        }

        var days = (now - since).TotalDays;
        if (seen.Messages < messages || now - since < age)
        {
            return new(seen, false, Text(
                $"{seen.Messages} messages in {days:F0} days are known; to refuse, {messages} in {age.TotalDays:F0} days are needed"));
        }

        if (seen.Replies >= MinReplies && seen.RepliesToKnown < share * seen.Replies)
        {
            return new(seen, false, Text(
                $"only {seen.RepliesToKnown} of {seen.Replies} replies are to known mail; to refuse, {share:P0} must be"));
        }

        var replies = seen.Replies > 0 ? $", and {seen.RepliesToKnown} of {seen.Replies} replies are to known mail" : "";
        return new(seen, true, Text($"{seen.Messages} messages in {days:F0} days are known{replies}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
