using System.Text.RegularExpressions;

namespace Backstop.SpamRules.Text;

/// <summary>
/// A regular expression of our own code over octets, with a time limit. A text on which it runs out of time does not
/// match: mail decides the text, never how long we take.
/// </summary>
internal sealed class PerlRegex(string pattern, RegexOptions options = RegexOptions.None)
{
    private static readonly TimeSpan _limit = TimeSpan.FromMilliseconds(200);

    private readonly Regex _regex = new(pattern, options | RegexOptions.CultureInvariant, _limit);

    public bool IsMatch(string text)
    {
        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    public Match Match(string text, int start = 0)
    {
        try
        {
            return _regex.Match(text, start);
        }
        catch (RegexMatchTimeoutException)
        {
            return System.Text.RegularExpressions.Match.Empty;
        }
    }

    /// <summary>Every match from left to right; ends early when the time is up.</summary>
    public IEnumerable<Match> Matches(string text)
    {
        var match = Match(text);
        while (match.Success)
        {
            yield return match;
            match = Next(match);
        }
    }

    public string Replace(string text, string replacement)
    {
        try
        {
            return _regex.Replace(text, replacement);
        }
        catch (RegexMatchTimeoutException)
        {
            return text;
        }
    }

    public string Replace(string text, MatchEvaluator evaluator, int count = -1)
    {
        try
        {
            return _regex.Replace(text, evaluator, count);
        }
        catch (RegexMatchTimeoutException)
        {
            return text;
        }
    }

    private static Match Next(Match match)
    {
        try
        {
            return match.NextMatch();
        }
        catch (RegexMatchTimeoutException)
        {
            return System.Text.RegularExpressions.Match.Empty;
        }
    }
}
