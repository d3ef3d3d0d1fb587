using System.Text;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Scanning;

/// <summary>
/// Puts into the text of meta rules what <c>rules_matching(GLOB)</c> stands for: the sum of all rules of such names (Parser.pm).
/// </summary>
/// <remarks>
/// Sixteen characters of a user's file may stand for the names of all the site's rules, so their number and what they become are bounded
/// for a whole file.
/// </remarks>
/// <param name="rules">The rules that may be meant.</param>
internal sealed class MetaGlobs(RuleSet rules)
{
    private const string Function = "rules_matching(";
    private const int MaxSiteText = 16 << 20;
    private const int MaxUserText = 256 << 10;
    private const int MaxSiteGlobs = 10_000;
    private const int MaxUserGlobs = 50;

    private readonly Dictionary<string, string> _sums = new(StringComparer.Ordinal);
    private readonly int _maxText = rules.Site is null ? MaxSiteText : MaxUserText;
    private readonly int _maxGlobs = rules.Site is null ? MaxSiteGlobs : MaxUserGlobs;
    private int _length;

    /// <summary>The rule's expression without globs and without <c>local_tests_only</c>.</summary>
    /// <param name="rule">A meta rule.</param>
    /// <exception cref="FormatException">The globs of the rules so far stand for too much.</exception>
    public string Expand(RuleDefinition rule)
    {
        var text = rule.Text.Replace("rules_matching (", Function, StringComparison.Ordinal);
        var expanded = new StringBuilder();
        var from = 0;
        for (int at; (at = text.IndexOf(Function, from, StringComparison.Ordinal)) >= 0;)
        {
            var end = text.IndexOf(')', at);
            if (end < 0)
            {
                break;
            }

            var sum = Sum(text[(at + Function.Length)..end].Trim(), rule.Name);
            expanded.Append(text, from, at - from).Append(" (").Append(sum).Append(") ");
            from = end + 1;
        }

        return expanded.Append(text, from, text.Length - from).ToString()
            .Replace("local_tests_only", rules.NetworkTests ? "0" : "1", StringComparison.Ordinal);
    }

    private string Sum(string pattern, string self)
    {
        // The sum is the same for all rules, except for a rule that its own glob matches.
        var glob = new AddressGlob(pattern);
        var key = glob.IsMatch(self) ? $"{pattern} {self}" : pattern;
        if (!_sums.TryGetValue(key, out var sum))
        {
            if (_sums.Count >= _maxGlobs)
            {
                throw new FormatException($"rules_matching with more than {_maxGlobs} different patterns in one file");
            }

            var names = rules.Rules.Keys.Where(n => n != self && glob.IsMatch(n)).Order(StringComparer.Ordinal).ToList();
            sum = _sums[key] = names.Count == 0 ? "0" : string.Join('+', names);
        }

        _length += sum.Length;
        return _length <= _maxText ? sum
            : throw new FormatException($"rules_matching stands for more than {_maxText >> 10} KiB of names in one file");
    }
}
