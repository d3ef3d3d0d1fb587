namespace Backstop.SpamRules.Scanning;

/// <summary>A rule that hit.</summary>
/// <param name="Rule">The name by which its file scores and describes it.</param>
/// <param name="Score">Points of the score set in use; below 0 where it speaks for the message.</param>
/// <param name="Description">Its <c>describe</c> line as Unicode; empty when its file has none.</param>
public readonly record struct RuleHit(string Rule, double Score, string Description);

/// <summary>What the rules say of a message.</summary>
public sealed record ScanResult
{
    /// <summary>
    /// The sum of points, to three decimals. Where rules ran out of steps, it is the least that it could be if they had not.
    /// </summary>
    public required double Score { get; init; }

    /// <summary>Points at which a message is spam: <see cref="Rules.RuleSet.RequiredScore"/>.</summary>
    public required double Required { get; init; }

    /// <summary>Rules with points that hit, by name; one more often where each match counts.</summary>
    public required IReadOnlyList<RuleHit> Hits { get; init; }

    /// <summary>Names of the sub-rules (<c>__NAME</c>, without points) that hit, in ordinal order, each once.</summary>
    public required IReadOnlyList<string> SubRules { get; init; }

    /// <summary>
    /// Rules that ran out of steps on this message, so that nobody knows whether they hit. Empty except for hostile mail.
    /// </summary>
    public required IReadOnlyList<string> OutOfSteps { get; init; }

    /// <summary>
    /// The steps spent on matches that had to be confirmed one by one; the same for the same message and rules, on every machine.
    /// </summary>
    public long Steps { get; init; }

    /// <summary>
    /// Whether the CPU budget of the message was used up before all rules had run. Then no rule counts, because rules in the message's
    /// favour may be missing.
    /// </summary>
    public bool IsUnjudged { get; init; }

    /// <summary>Whether the score reaches <see cref="Required"/>.</summary>
    public bool IsSpam => Score >= Required;
}
