using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Finds strings of which every match must hold at least one, in lower case, so that one pass over a text rules most
/// patterns out (after R. Cox, "Regular Expression Matching with a Trigram Index", 2012; RE2's prefilter).
/// </summary>
internal static class RequiredLiterals
{
    private const int MaxStrings = 64;
    private const int MaxExact = 24;
    private const int MaxLength = 24;
    private const int MaxSetSize = 6;

    private static readonly string[] _lower =
        [.. Enumerable.Range(0, 256).Select(b => ((char)(b is >= 'A' and <= 'Z' ? b + 32 : b)).ToString())];

    /// <summary>Returns the strings; null if no such set is worth looking for.</summary>
    public static IReadOnlyCollection<string>? Of(PatternNode node)
    {
        var found = Analyze(node);
        var best = Better(found.Required, found.Exact);
        return best is null || best.Count == 0 || best.Any(s => s.Length < 2) ? null : best;
    }

    private static Facts Analyze(PatternNode node) => node switch
    {
        PatternNode.Set set => OfSet(set.Bytes),
        PatternNode.Concat concat => OfConcat(concat.Parts),
        PatternNode.Alternate alternate => OfAlternate(alternate.Choices),
        PatternNode.Repeat repeat => OfRepeat(repeat),
        PatternNode.Capture capture => Analyze(capture.Body),
        PatternNode.Atomic atomic => Analyze(atomic.Body),
        PatternNode.Look or PatternNode.Assertion => Facts.Empty,
        _ => Facts.Unknown,
    };

    private static Facts OfSet(ByteSet set)
    {
        if (set.Count > MaxSetSize * 2)
        {
            return Facts.Unknown;
        }

        var strings = new HashSet<string>(StringComparer.Ordinal);
        foreach (var octet in set.Members())
        {
            strings.Add(_lower[octet]);
        }

        return strings.Count is 0 or > MaxSetSize ? Facts.Unknown : new Facts(strings, null);
    }

    private static Facts OfConcat(IReadOnlyList<PatternNode> parts)
    {
        HashSet<string>? exact = [""];
        var whole = true;
        IReadOnlyCollection<string>? required = null;
        foreach (var part in parts)
        {
            var facts = Analyze(part);
            required = Better(required, facts.Required);
            var product = facts.Exact is null || exact is null ? null : Product(exact, facts.Exact);
            if (product is not null)
            {
                exact = product;
                continue;
            }

            // The run of known strings ends here; what it was is required, and a new one begins.
            required = Better(required, exact);
            whole = false;
            exact = facts.Exact is { Count: <= MaxExact } next ? next : [""];
        }

        return whole ? new Facts(exact, required) : new Facts(null, Better(required, exact));
    }

    private static Facts OfAlternate(IReadOnlyList<PatternNode> choices)
    {
        HashSet<string>? exact = new(StringComparer.Ordinal);
        HashSet<string>? required = new(StringComparer.Ordinal);
        foreach (var choice in choices)
        {
            var facts = Analyze(choice);
            if (facts.Exact is null || exact is null || exact.Count + facts.Exact.Count > MaxStrings)
            {
                exact = null;
            }
            else
            {
                exact.UnionWith(facts.Exact);
            }

            var best = Better(facts.Required, facts.Exact);
            if (best is null || required is null || required.Count + best.Count > MaxStrings * 4)
            {
                required = null;
            }
            else
            {
                required.UnionWith(best);
            }

            if (exact is null && required is null)
            {
                return Facts.Unknown;
            }
        }

        return new Facts(exact, required is not null && required.Contains("") ? null : required);
    }

    private static Facts OfRepeat(PatternNode.Repeat repeat)
    {
        var body = Analyze(repeat.Body);
        if (repeat.Min == 0)
        {
            return repeat.Max == 1 && body.Exact is { Count: < MaxExact } optional
                ? new Facts(new HashSet<string>(optional, StringComparer.Ordinal) { "" }, null)
                : Facts.Unknown;
        }

        if (repeat.Min == repeat.Max && repeat.Min <= 4 && body.Exact is { } once)
        {
            HashSet<string>? exact = [""];
            for (var i = 0; i < repeat.Min && exact is not null; i++)
            {
                exact = Product(exact, once);
            }

            return exact is null ? new Facts(null, Better(body.Required, once)) : new Facts(exact, body.Required);
        }

        return new Facts(null, Better(body.Required, body.Exact));
    }

    private static HashSet<string>? Product(HashSet<string> left, HashSet<string> right)
    {
        if (left.Count * right.Count > MaxExact)
        {
            return null;
        }

        var product = new HashSet<string>(StringComparer.Ordinal);
        foreach (var l in left)
        {
            foreach (var r in right)
            {
                if (l.Length + r.Length > MaxLength)
                {
                    return null;
                }

                product.Add(l + r);
            }
        }

        return product;
    }

    /// <summary>The set whose shortest string is longer; of equals the smaller.</summary>
    private static IReadOnlyCollection<string>? Better(IReadOnlyCollection<string>? x, IReadOnlyCollection<string>? y)
    {
        var (xs, ys) = (Strength(x), Strength(y));
        return xs >= ys ? xs > 0 ? x : null : y;
    }

    private static double Strength(IReadOnlyCollection<string>? set)
    {
        if (set is null || set.Count == 0)
        {
            return 0;
        }

        var shortest = set.Min(s => s.Length);
        return shortest == 0 ? 0 : Math.Min(shortest, 8) - (Math.Log2(set.Count) / 4);
    }

    /// <summary>What is known of a part.</summary>
    /// <param name="Exact">All strings that match, or null when there are too many.</param>
    /// <param name="Required">One of these is in every match, or null.</param>
    private readonly record struct Facts(HashSet<string>? Exact, IReadOnlyCollection<string>? Required)
    {
        public static Facts Unknown { get; } = new(null, null);

        public static Facts Empty { get; } = new([""], null);
    }
}
