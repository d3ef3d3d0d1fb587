using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>Tags inside patterns: <c>&lt;A&gt;</c> stands for all that looks like an A (Plugin/ReplaceTags.pm).</summary>
internal sealed class ReplaceTags
{
    private const int MaxPasses = 6;

    /// <summary>The most characters that a pattern may become: tags may stand for tags, and so multiply it six times over.</summary>
    public const int MaxLength = 1 << 20;

    private static readonly PerlRegex _parts = new("(<[^<>]+>)");
    private static readonly PerlRegex _nested = new("<[^>]+>");

    private Dictionary<string, string> _tags = new(StringComparer.Ordinal);
    private Dictionary<string, string> _before = new(StringComparer.Ordinal);
    private Dictionary<string, string> _between = new(StringComparer.Ordinal);
    private Dictionary<string, string> _after = new(StringComparer.Ordinal);
    private string _start = "<";
    private string _end = ">";

    public HashSet<string> Rules { get; private set; } = new(StringComparer.Ordinal);

    public ReplaceTags Copy()
    {
        var copy = (ReplaceTags)MemberwiseClone();
        (copy._tags, copy._before) = (new(_tags, StringComparer.Ordinal), new(_before, StringComparer.Ordinal));
        (copy._between, copy._after) = (new(_between, StringComparer.Ordinal), new(_after, StringComparer.Ordinal));
        copy.Rules = new(Rules, StringComparer.Ordinal);
        return copy;
    }

    /// <summary>Applies a line of a rule file; false if it is not about tags.</summary>
    public bool TryApply(string key, string value)
    {
        var words = value.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries);
        var text = words.Length == 2 ? words[1].TrimStart() : "";
        if (words.Length == 0)
        {
            return false;
        }

        switch (key)
        {
            case "replace_tag":
                _tags[words[0]] = text;
                return true;
            case "replace_pre":
                _before[words[0]] = text;
                return true;
            case "replace_inter":
                _between[words[0]] = text;
                return true;
            case "replace_post":
                _after[words[0]] = text;
                return true;
            case "replace_rules":
                Rules.UnionWith(value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
                return true;
            case "replace_start":
                _start = value;
                return true;
            case "replace_end":
                _end = value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Puts into a pattern what its tags stand for.</summary>
    /// <param name="pattern">Without delimiters.</param>
    /// <param name="maxLength">The most characters that it may become.</param>
    /// <exception cref="PatternException">It becomes longer.</exception>
    public string Expand(string pattern, int maxLength = MaxLength)
    {
        var again = true;
        for (var pass = 0; again && pass < MaxPasses; pass++)
        {
            again = false;
            var before = Take(ref pattern, "pre ", _before);
            var after = Take(ref pattern, "post ", _after);
            var between = Take(ref pattern, "inter ", _between);
            var parts = Split(pattern);
            var length = 0L;
            for (var i = 0; i < parts.Count; i++)
            {
                if (parts[i].Length == 0)
                {
                    parts[i] = between ?? "";
                }
                else if (parts[i].StartsWith(_start, StringComparison.Ordinal) && parts[i].EndsWith(_end, StringComparison.Ordinal)
                    && parts[i].Length > _start.Length + _end.Length)
                {
                    var name = parts[i][_start.Length..^_end.Length];
                    var replaced = _tags.GetValueOrDefault(name);
                    again |= replaced is not null && _nested.IsMatch(replaced);
                    parts[i] = $"{before}{replaced ?? parts[i]}{after}";
                }

                length += parts[i].Length;
                if (length > maxLength)
                {
                    throw new PatternException($"its tags stand for more than {maxLength} characters");
                }
            }

            pattern = string.Concat(parts);
        }

        return pattern;
    }

    private string? Take(ref string pattern, string word, Dictionary<string, string> named)
    {
        var at = pattern.IndexOf(_start + word, StringComparison.Ordinal);
        var end = at < 0 ? -1 : pattern.IndexOf(_end, at, StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        var name = pattern[(at + _start.Length + word.Length)..end];
        pattern = pattern.Remove(at, end + _end.Length - at);
        return named.GetValueOrDefault(name);
    }

    /// <summary>Tags and what is between them, empty strings included, as Perl's split gives them.</summary>
    private static List<string> Split(string pattern)
    {
        var parts = new List<string>();
        var at = 0;
        foreach (var match in _parts.Matches(pattern))
        {
            parts.Add(pattern[at..match.Index]);
            parts.Add(match.Value);
            at = match.Index + match.Length;
        }

        parts.Add(pattern[at..]);
        while (parts.Count > 0 && parts[^1].Length == 0)
        {
            parts.RemoveAt(parts.Count - 1);
        }

        return parts;
    }
}
