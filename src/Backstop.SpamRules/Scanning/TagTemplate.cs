using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Scanning;

/// <summary>Patterns with tags: <c>%{NAME}</c> stands for a text that another rule found in this message.</summary>
internal static class TagTemplate
{
    private static readonly PerlRegex _tag = new("%\\{([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?:\\([^)}]*\\))?\\}");

    /// <summary>
    /// 1 when the pattern, its tags filled, matches a text; a tag without text matches nothing. A text without the tag's is not
    /// tried.
    /// </summary>
    public static int Count(string pattern, IReadOnlyDictionary<string, string> tags, IReadOnlyList<string> texts, MatchSteps steps)
    {
        var values = _tag.Matches(pattern).Select(m => tags.GetValueOrDefault(m.Groups[1].Value, "")).ToList();
        if (values.Contains("") || !texts.Any(text => values.TrueForAll(v => text.Contains(v, StringComparison.OrdinalIgnoreCase))))
        {
            return 0;
        }

        try
        {
            var compiled = CompiledPattern.CompileDelimited(_tag.Replace(pattern, match => Quote(tags[match.Groups[1].Value])));
            return texts.Any(t => compiled.IsMatch(t, steps)) ? 1 : 0;
        }
        catch (PatternException)
        {
            return 0;
        }
    }

    private static string Quote(string text) =>
        string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' || Octets.IsHigh(c) ? c.ToString() : "\\" + c));
}
