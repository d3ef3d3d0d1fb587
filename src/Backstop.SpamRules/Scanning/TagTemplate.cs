using Backstop.Mail;
using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Scanning;

/// <summary>Patterns with tags: <c>%{NAME}</c> stands for a text that another rule found in this message.</summary>
internal static class TagTemplate
{
    /// <summary>The work of reading a pattern and building its automaton, for each of its octets.</summary>
    private const int WorkPerOctet = 64;

    private static readonly PerlRegex _tag = new("%\\{([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?:\\([^)}]*\\))?\\}");
    private static readonly PerlRegex _name = new("^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\\z");

    /// <summary>Whether a named group of this name fills a tag.</summary>
    public static bool IsTag(string name) => _name.IsMatch(name);

    /// <summary>
    /// How often the pattern, its tags filled, matches the texts; for a negated rule 1 where it does not. A rule with a tag that has no
    /// value does not run.
    /// </summary>
    public static int Count(
        RuleSlot slot, IReadOnlyDictionary<string, List<string>> tags, IReadOnlyList<string> texts, MatchSteps steps)
    {
        var names = _tag.Matches(slot.Rule.Pattern).Select(m => m.Groups[1].Value).ToList();
        if (names.Exists(n => !tags.ContainsKey(n)))
        {
            return 0;
        }

        try
        {
            var filled = _tag.Replace(slot.Rule.Pattern, match => $"(?:{string.Join('|', tags[match.Groups[1].Value].Select(Quote))})");
            MessageBudget.Charge((long)filled.Length * WorkPerOctet);
            var compiled = CompiledPattern.CompileDelimited(filled);
            if (slot.Rule.IsNegated)
            {
                return texts.Any(t => compiled.IsMatch(t, steps)) ? 0 : 1;
            }

            var count = 0;
            for (var i = 0; i < texts.Count && count < slot.MaxHits; i++)
            {
                count += compiled.Count(texts[i], slot.MaxHits - count, steps);
            }

            return count;
        }
        catch (PatternException)
        {
            return 0;
        }
    }

    private static string Quote(string text) =>
        string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' || Octets.IsHigh(c) ? c.ToString() : "\\" + c));
}
