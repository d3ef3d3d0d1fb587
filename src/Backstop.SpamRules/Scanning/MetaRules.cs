using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Scanning;

/// <summary>
/// Meta rules in an order in which every one comes after those it builds on. Rules that build on each other in a circle, or on a
/// meta rule that does not run, never hit (Check.pm, do_meta_tests).
/// </summary>
internal sealed class MetaRules
{
    private readonly List<(RuleSlot Slot, Expression Expression)> _ordered = [];
    private readonly List<(RuleSlot Slot, Expression Expression)> _bound = [];

    public MetaRules(IReadOnlyDictionary<string, RuleSlot> slots, RuleSet rules, List<RuleDiagnostic> faults)
    {
        var expressions = Parse(rules, faults);
        var state = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var name in expressions.Keys)
        {
            Visit(name, expressions, slots, state, 0);
        }

        _bound.AddRange(_ordered.Select(o => (o.Slot, o.Expression.Bind(n => slots.TryGetValue(n, out var slot) ? slot.Index : -1))));
    }

    public void Run(HitTable hits)
    {
        foreach (var (slot, expression) in _bound)
        {
            var value = expression.Evaluate(hits.Values);
            if (value != 0)
            {
                hits.AddMeta(slot, value);
            }
        }
    }

    private static Dictionary<string, Expression> Parse(RuleSet rules, List<RuleDiagnostic> faults)
    {
        var expressions = new Dictionary<string, Expression>(StringComparer.Ordinal);
        foreach (var rule in rules.Rules.Values.Where(r => r.Kind == RuleKind.Meta))
        {
            try
            {
                expressions[rule.Name] = ExpressionParser.Parse(ExpandGlobs(rule, rules));
            }
            catch (FormatException error)
            {
                faults.Add(new(rule.Source, $"rule {rule.Name}: {error.Message}", IsError: true));
            }
        }

        return expressions;
    }

    /// <summary><c>rules_matching(GLOB)</c> is the sum of all rules of such names.</summary>
    private static string ExpandGlobs(RuleDefinition rule, RuleSet rules)
    {
        const string function = "rules_matching(";
        var text = rule.Text.Replace("rules_matching (", function, StringComparison.Ordinal);
        for (var at = text.IndexOf(function, StringComparison.Ordinal); at >= 0; at = text.IndexOf(function, at, StringComparison.Ordinal))
        {
            var end = text.IndexOf(')', at);
            if (end < 0)
            {
                return text;
            }

            var glob = new Text.PerlRegex(AddressList.Glob(text[(at + function.Length)..end].Trim()));
            var names = rules.Rules.Keys.Where(n => n != rule.Name && glob.IsMatch(n)).Order(StringComparer.Ordinal).ToList();
            text = $"{text[..at]} ({(names.Count == 0 ? "0" : string.Join('+', names))}) {text[(end + 1)..]}";
        }

        return text.Replace("local_tests_only", rules.NetworkTests ? "0" : "1", StringComparison.Ordinal);
    }

    /// <summary>True when the rule runs. False while it is being visited: a circle.</summary>
    private bool Visit(
        string name, Dictionary<string, Expression> expressions, IReadOnlyDictionary<string, RuleSlot> slots, Dictionary<string,
        bool> state, int depth)
    {
        const int maxDepth = 500;
        if (state.TryGetValue(name, out var runs))
        {
            return runs;
        }

        state[name] = false;
        if (!slots.TryGetValue(name, out var slot) || depth > maxDepth)
        {
            return false;
        }

        var expression = expressions[name];
        foreach (var dependency in expression.Names())
        {
            if (expressions.ContainsKey(dependency) && !Visit(dependency, expressions, slots, state, depth + 1))
            {
                return false;
            }
        }

        _ordered.Add((slot, expression));
        return state[name] = true;
    }
}
