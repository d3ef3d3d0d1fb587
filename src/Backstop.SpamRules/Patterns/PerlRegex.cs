using System.Text.RegularExpressions;
using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// A regular expression of our own code over octets. It does not backtrack: the time of a match is linear in the text, whatever that
/// holds, and the message's budget is charged for it. Never made of text from a message: that may be too long for an automaton.
/// </summary>
/// <remarks>
/// Compiled at its first match: that takes milliseconds and megabytes, and a command that reads a few messages needs few of them.
/// </remarks>
internal sealed class PerlRegex
{
    private static readonly TimeSpan _rulesLimit = TimeSpan.FromSeconds(10);

    private readonly string _pattern;
    private readonly RegexOptions _options;
    private Regex? _regex;

    /// <summary>Takes a pattern. The first match throws <see cref="NotSupportedException"/> where it needs backtracking.</summary>
    /// <param name="pattern">Without look-around, back-references and atomic groups, which need backtracking.</param>
    /// <param name="options">How to read it.</param>
    public PerlRegex(string pattern, RegexOptions options = RegexOptions.None) => (_pattern, _options) = (pattern, options);

    private PerlRegex(Regex regex)
        : this(regex.ToString(), regex.Options) => _regex = regex;

    internal Regex Expression => Volatile.Read(ref _regex) ?? Linear();

    /// <summary>Compiles a pattern that may need backtracking: for lines of rule files, never for text from outside.</summary>
    public static PerlRegex ForRuleFiles(string pattern) => new(new Regex(pattern, RegexOptions.CultureInvariant, _rulesLimit));

    public bool IsMatch(string text)
    {
        MessageBudget.Charge(text.Length);
        return Expression.IsMatch(text);
    }

    public Match Match(string text, int start = 0)
    {
        MessageBudget.Charge(text.Length - start);
        return Expression.Match(text, start);
    }

    /// <summary>Every match from left to right.</summary>
    public IEnumerable<Match> Matches(string text)
    {
        for (var match = Match(text); match.Success; match = match.NextMatch())
        {
            yield return match;
            MessageBudget.Charge(match.Length);
        }
    }

    public string Replace(string text, string replacement)
    {
        MessageBudget.Charge(text.Length);
        return Expression.Replace(text, replacement);
    }

    public string Replace(string text, MatchEvaluator evaluator, int count = -1)
    {
        MessageBudget.Charge(text.Length);
        return Expression.Replace(text, evaluator, count);
    }

    private Regex Linear()
    {
        var made = new Regex(
            _pattern, _options | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, Regex.InfiniteMatchTimeout);
        return Interlocked.CompareExchange(ref _regex, made, null) ?? made;
    }
}
