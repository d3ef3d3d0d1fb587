using System.Buffers;
using System.Text.RegularExpressions;
using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// A regular expression of our own code over octets. It does not backtrack: the time of a match is linear in the text, whatever that
/// holds, and the message's budget is charged for it. Never made of text from a message: that may be too long for an automaton.
/// </summary>
/// <remarks>
/// Compiled for the first text that holds what every match needs, in its order: that takes milliseconds and megabytes, and most of the
/// forms of rare mail servers never see such a text.
/// </remarks>
internal sealed class PerlRegex
{
    private static readonly TimeSpan _rulesLimit = TimeSpan.FromSeconds(10);

    private static readonly (RegexOptions Option, char Letter)[] _modifiers =
    [
        (RegexOptions.IgnoreCase, 'i'), (RegexOptions.Multiline, 'm'), (RegexOptions.Singleline, 's'),
        (RegexOptions.IgnorePatternWhitespace, 'x'), (RegexOptions.ExplicitCapture, 'n'),
    ];

    private readonly string _pattern;
    private readonly RegexOptions _options;
    private readonly Lazy<(SearchValues<string>? Strings, RequiredOrder? Order)> _needed;
    private Regex? _regex;

    /// <summary>Takes a pattern. The first match throws <see cref="NotSupportedException"/> where it needs backtracking.</summary>
    /// <param name="pattern">Without look-around, back-references and atomic groups, which need backtracking.</param>
    /// <param name="options">How to read it.</param>
    public PerlRegex(string pattern, RegexOptions options = RegexOptions.None) =>
        (_pattern, _options, _needed) = (pattern, options, new(() => Needed(pattern, options)));

    private PerlRegex(Regex regex)
        : this(regex.ToString(), regex.Options) => _regex = regex;

    internal Regex Expression => Volatile.Read(ref _regex) ?? Linear();

    /// <summary>Compiles a pattern that may need backtracking: for lines of rule files, never for text from outside.</summary>
    public static PerlRegex ForRuleFiles(string pattern) => new(new Regex(pattern, RegexOptions.CultureInvariant, _rulesLimit));

    public bool IsMatch(string text)
    {
        MessageBudget.Charge(text.Length);
        return MayMatch(text) && Expression.IsMatch(text);
    }

    public Match Match(string text, int start = 0)
    {
        MessageBudget.Charge(text.Length - start);
        return MayMatch(text, start) ? Expression.Match(text, start) : System.Text.RegularExpressions.Match.Empty;
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
        return MayMatch(text) ? Expression.Replace(text, replacement) : text;
    }

    public string Replace(string text, MatchEvaluator evaluator, int count = -1)
    {
        MessageBudget.Charge(text.Length);
        return MayMatch(text) ? Expression.Replace(text, evaluator, count) : text;
    }

    /// <summary>
    /// Whether the text holds what every match needs, from a place on. False: no match begins there. It looks no further than the
    /// end of the first match, so that a loop over all matches stays linear.
    /// </summary>
    internal bool MayMatch(string text, int start = 0)
    {
        var (strings, order) = _needed.Value;
        return (strings is null || text.AsSpan(start).ContainsAny(strings)) && (order is null || order.MayMatch(text, start));
    }

    // Perl's syntax and .NET's differ in rare places: what Perl's reader does not read has no prefilter.
    private static (SearchValues<string>? Strings, RequiredOrder? Order) Needed(string pattern, RegexOptions options)
    {
        try
        {
            var modifiers = string.Concat(_modifiers.Where(m => options.HasFlag(m.Option)).Select(m => m.Letter));
            var parsed = PerlPatternParser.Parse(pattern, modifiers);
            return (
                RequiredLiterals.Of(parsed) is { } literals ? SearchValues.Create([.. literals], StringComparison.OrdinalIgnoreCase) : null,
                RequiredOrder.Of(parsed));
        }
        catch (PatternException)
        {
            return default;
        }
    }

    private Regex Linear()
    {
        var made = new Regex(
            _pattern, _options | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, Regex.InfiniteMatchTimeout);
        return Interlocked.CompareExchange(ref _regex, made, null) ?? made;
    }
}
