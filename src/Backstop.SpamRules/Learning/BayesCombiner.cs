namespace Backstop.SpamRules.Learning;

/// <summary>
/// One probability of many tokens: Robinson's estimate for rare tokens and Fisher's chi-square over the strongest
/// (G. Robinson, "A Statistical Approach to the Spam Problem", 2003), with SpamAssassin's constants.
/// </summary>
internal static class BayesCombiner
{
    private const double Strength = 0.030;
    private const double Prior = 0.538;
    private const double LeastDistance = 0.346;
    private const int MostTokens = 150;

    /// <summary>Returns the probability of spam; null if no token says anything, or only one kind was learned.</summary>
    public static double? Probability(ReadOnlySpan<TokenCounts> tokens, TokenCounts messages)
    {
        if (messages.Spam == 0 || messages.Ham == 0)
        {
            return null;
        }

        var strong = new List<double>();
        foreach (var counts in tokens)
        {
            if (counts.Spam + counts.Ham > 0 && Of(counts, messages) is var p && Math.Abs(p - 0.5) >= LeastDistance)
            {
                strong.Add(p);
            }
        }

        if (strong.Count == 0)
        {
            return null;
        }

        strong.Sort((x, y) => Math.Abs(y - 0.5).CompareTo(Math.Abs(x - 0.5)));
        return Combine(strong.Take(MostTokens).ToList(), messages);
    }

    private static double Of(TokenCounts counts, TokenCounts messages)
    {
        var (spam, ham) = ((double)counts.Spam * messages.Ham, (double)counts.Ham * messages.Spam);
        var seen = counts.Spam + counts.Ham;
        return ((Strength * Prior) + (seen * (spam / (spam + ham)))) / (Strength + seen);
    }

    private static double Combine(List<double> probabilities, TokenCounts messages)
    {
        // The share of each kind counts as a token does (Bayes/CombineChi.pm).
        double all = (double)messages.Spam + messages.Ham;
        var (spam, ham) = (Math.Log(messages.Spam / all), Math.Log(messages.Ham / all));
        foreach (var p in probabilities)
        {
            spam += Math.Log(1 - p);
            ham += Math.Log(p);
        }

        var degrees = 2 * probabilities.Count;
        return ((1 - ChiSquare(-2 * spam, degrees)) - (1 - ChiSquare(-2 * ham, degrees)) + 1) / 2;
    }

    /// <summary>Probability of a chi-square as large with that many (even) degrees of freedom.</summary>
    private static double ChiSquare(double x, int degrees)
    {
        var m = x / 2;
        var term = Math.Exp(-m);
        var sum = term;
        for (var i = 1; i < degrees / 2; i++)
        {
            term *= m / i;
            sum += term;
        }

        return Math.Min(sum, 1);
    }
}
