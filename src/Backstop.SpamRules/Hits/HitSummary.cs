using System.Globalization;

namespace Backstop.SpamRules.Hits;

/// <summary>The totals of one message's hits. Every number that is shown is taken from here.</summary>
/// <param name="Score">The sum of points, to three decimals.</param>
/// <param name="Required">Points at which a message is spam.</param>
/// <param name="Hits">Rules with points, by name; one more often where each match counts.</param>
/// <param name="SubRules">Names of the sub-rules that hit, in order.</param>
internal sealed record HitSummary(double Score, double Required, IReadOnlyList<RuleSlot> Hits, IReadOnlyList<string> SubRules)
{
    public bool IsSpam => Score >= Required;

    /// <summary>Sums up the hits. Where rules ran out of steps, the score is the least that it could be if they had not.</summary>
    /// <param name="hits">What hit.</param>
    /// <param name="required">Points at which a message is spam.</param>
    public static HitSummary Of(HitTable hits, double required)
    {
        // Rounded as it is printed: 0.1 + 0.2 must reach 0.3.
        var score = (hits.LowestScore ?? hits.Score).ToString("F3", CultureInfo.InvariantCulture);
        return new(
            double.Parse(score, CultureInfo.InvariantCulture),
            required,
            [.. hits.Hits.OrderBy(h => h.Name, StringComparer.Ordinal)],
            [.. hits.SubRules.Select(s => s.Name).Order(StringComparer.Ordinal)]);
    }
}
