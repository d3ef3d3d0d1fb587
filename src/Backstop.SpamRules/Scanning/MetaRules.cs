using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Scanning;

/// <summary>
/// Meta rules in an order in which every one comes after those it builds on (Check.pm, do_meta_tests; Parser.pm, compile_meta_rules).
/// </summary>
/// <remarks>
/// A meta rule of 0 points is evaluated too: the rules that build on it run if its value is 0, and do not run otherwise. Rules that
/// build on each other in a circle, or on such rules, are evaluated before all others, with every rule at 0.
/// </remarks>
internal sealed class MetaRules
{
    private readonly List<Bound> _bound = [];
    private readonly List<(RuleSlot Slot, double Value)> _circular = [];
    private readonly Dictionary<string, Expression> _expressions;
    private readonly Dictionary<string, int> _places;

    public MetaRules(IReadOnlyDictionary<string, RuleSlot> slots, RuleSet rules, List<RuleDiagnostic> faults)
    {
        var expressions = _expressions = Parse(rules.Rules.Values, rules, faults);
        var (state, ordered) = (new Dictionary<string, bool>(StringComparer.Ordinal), new List<string>());
        foreach (var name in expressions.Keys)
        {
            Visit(name, expressions, state, ordered, 0);
        }

        var places = _places = slots.ToDictionary(s => s.Key, s => s.Value.Index, StringComparer.Ordinal);
        foreach (var name in ordered.Where(n => !places.ContainsKey(n)))
        {
            places[name] = slots.Count + Unscored++;
        }

        foreach (var name in ordered)
        {
            var expression = expressions[name];
            _bound.Add(new(
                name, slots.GetValueOrDefault(name), places[name], expression.Bind(n => places.GetValueOrDefault(n, -1)),
                [.. expression.Names().Where(expressions.ContainsKey).Select(n => places[n])]));
        }

        foreach (var (name, expression) in expressions)
        {
            if (!state[name] && slots.TryGetValue(name, out var slot) && expression.Bind(_ => -1).Evaluate([]) is var value and not 0)
            {
                _circular.Add((slot, value));
            }
        }
    }

    /// <summary>
    /// A site's meta rules as a user's rules change them: one that the user gives points keeps its place, others see what he added, and his
    /// own come last. What he added builds on nothing that comes later.
    /// </summary>
    public MetaRules(
        MetaRules site, IReadOnlyDictionary<string, RuleSlot> added, RuleSet user, IReadOnlyDictionary<string, RuleSlot> slots, int next,
        List<RuleDiagnostic> faults)
    {
        _expressions = Parse(user.Rules.Own.Values, user, faults);
        _places = new(StringComparer.Ordinal);
        foreach (var (name, slot) in added)
        {
            _places[name] = slot.Index;
        }

        int PlaceOf(string name) => _places.TryGetValue(name, out var own) ? own : site._places.GetValueOrDefault(name, -1);
        var (state, ordered) = (new Dictionary<string, bool>(StringComparer.Ordinal), new List<string>());
        foreach (var name in _expressions.Keys)
        {
            Visit(name, _expressions, state, ordered, 0);
        }

        foreach (var name in ordered.Where(n => !_places.ContainsKey(n)))
        {
            _places[name] = next + Unscored++;
        }

        foreach (var bound in site._bound)
        {
            var expression = site._expressions[bound.Name];
            _bound.Add(
                (added.ContainsKey(bound.Name) ? bound with { Slot = added[bound.Name] } : bound) with
                {
                    Expression = expression.Names().Any(added.ContainsKey) ? expression.Bind(PlaceOf) : bound.Expression,
                });
        }

        _bound.AddRange(ordered.Select(name => new Bound(
            name, added.GetValueOrDefault(name), _places[name], _expressions[name].Bind(PlaceOf),
            [.. _expressions[name].Names().Where(n => _expressions.ContainsKey(n) || site._expressions.ContainsKey(n)).Select(PlaceOf)])));
        _circular.AddRange(site._circular);
    }

    /// <summary>Meta rules without points, which have places behind those of the slots.</summary>
    public int Unscored { get; }

    /// <summary>The place of a meta rule, with points or without; null for other rules and those that build on themselves.</summary>
    public int? PlaceOf(RuleDefinition rule) =>
        rule.Kind == RuleKind.Meta && _places.TryGetValue(rule.Name, out var place) ? place : null;

    public void Run(HitTable hits)
    {
        foreach (var (slot, value) in _circular)
        {
            hits.AddMeta(slot, value);
        }

        HashSet<int>? closed = null;
        foreach (var (_, slot, place, expression, metas) in _bound)
        {
            if (closed is not null && metas.Any(closed.Contains))
            {
                closed.Add(place);
                continue;
            }

            var value = expression.Evaluate(hits.Values);
            if (value == 0)
            {
                continue;
            }

            if (slot is null || hits.IsOff(slot))
            {
                (closed ??= []).Add(place);
            }
            else
            {
                hits.AddMeta(slot, value);
            }
        }
    }

    private static Dictionary<string, Expression> Parse(
        IEnumerable<RuleDefinition> definitions, RuleSet rules, List<RuleDiagnostic> faults)
    {
        var expressions = new Dictionary<string, Expression>(StringComparer.Ordinal);
        var globs = new MetaGlobs(rules);
        foreach (var rule in definitions.Where(r => r.Kind == RuleKind.Meta))
        {
            try
            {
                expressions[rule.Name] = ExpressionParser.ParseMeta(globs.Expand(rule));
            }
            catch (FormatException error)
            {
                faults.Add(new(rule.Source, $"rule {rule.Name}: {error.Message}", IsError: true));
            }
        }

        return expressions;
    }

    /// <summary>
    /// True when everything that the rule builds on can be worked out before it. False while it is being visited: a circle.
    /// </summary>
    private static bool Visit(
        string name, Dictionary<string, Expression> expressions, Dictionary<string, bool> state, List<string> ordered, int depth)
    {
        const int maxDepth = 500;
        if (state.TryGetValue(name, out var isSolved))
        {
            return isSolved;
        }

        state[name] = false;
        if (depth > maxDepth)
        {
            return false;
        }

        foreach (var dependency in expressions[name].Names())
        {
            if (expressions.ContainsKey(dependency) && !Visit(dependency, expressions, state, ordered, depth + 1))
            {
                return false;
            }
        }

        ordered.Add(name);
        return state[name] = true;
    }

    /// <summary>A meta rule ready to run.</summary>
    /// <param name="Name">The rule's name, for rules that build on it.</param>
    /// <param name="Slot">Null: it has no points.</param>
    /// <param name="Place">Its place among the values.</param>
    /// <param name="Expression">What it says.</param>
    /// <param name="Metas">The places of the meta rules that it builds on.</param>
    private sealed record Bound(string Name, RuleSlot? Slot, int Place, Expression Expression, int[] Metas);
}
