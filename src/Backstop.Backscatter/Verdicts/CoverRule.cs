using System.Globalization;
using Backstop.Backscatter.Proofs;

namespace Backstop.Backscatter.Verdicts;

/// <summary>How well an address's outgoing mail is known, and whether that is enough to refuse what proves nothing.</summary>
/// <param name="Seen">What is known.</param>
/// <param name="IsCovered">Whether it is enough.</param>
/// <param name="Why">In one sentence.</param>
public sealed record Cover(Coverage Seen, bool IsCovered, string Why);

/// <summary>From when on an address counts as covered.</summary>
/// <remarks>
/// Messages and time say how much was seen; answers say how much was not: when people answer mail that we never saw, some of it leaves by a way
/// that does not pass us (a phone, a web form), and its genuine bounces would be refused.
/// </remarks>
/// <param name="age">How long the address's mail must have been seen.</param>
/// <param name="messages">How many messages.</param>
/// <param name="share">The least part, 0 to 1, of the answered mail that must be known.</param>
public sealed class CoverRule(TimeSpan age, int messages, double share)
{
    /// <summary>Below this many answers their share says nothing.</summary>
    public const int MinReplies = 5;

    /// <summary>Judges what is known of an address.</summary>
    /// <param name="seen">What is known.</param>
    /// <param name="now">The time.</param>
    public Cover Judge(Coverage seen, DateTimeOffset now)
    {
        if (seen.Since is not { } since)
        {
            return new(seen, false, "nothing that this address sent is known");
        }

        var days = (now - since).TotalDays;
        if (seen.Messages < messages || now - since < age)
        {
            return new(seen, false, Text($"{seen.Messages} messages in {days:F0} days are known; refusing begins at {messages} in {age.TotalDays:F0} days"));
        }

        if (seen.Replies >= MinReplies && seen.RepliesToKnown < share * seen.Replies)
        {
            return new(seen, false, Text($"of {seen.Replies} answers only {seen.RepliesToKnown} are to mail that is known; refusing begins at {share:P0}"));
        }

        return new(seen, true, Text($"{seen.Messages} messages in {days:F0} days are known{(seen.Replies > 0 ? $", and {seen.RepliesToKnown} of {seen.Replies} answers are to them" : "")}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
