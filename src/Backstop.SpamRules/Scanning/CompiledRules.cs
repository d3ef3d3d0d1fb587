using System.Collections.Concurrent;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Scanning;

/// <summary>Rules of one kind over the same texts.</summary>
internal sealed class RuleGroup(IReadOnlyList<RuleSlot> slots)
{
    public IReadOnlyList<RuleSlot> Slots { get; } = slots;

    public PatternGroup Patterns { get; } = new([.. slots.Select(s => s.Pattern!)]);
}

/// <summary>The active rules of a rule set for one score set, compiled and grouped by what they are matched against.</summary>
internal sealed class CompiledRules
{
    private const string Placeholder = "%{";

    /// <summary>The most characters of all patterns of a user's rules: compiled, each takes up to half a kibibyte of memory.</summary>
    private const int MaxUserPatterns = 64 << 10;

    private readonly RuleSet _rules;
    private readonly EvalTable _evals;
    private readonly int _scoreSet;
    private readonly int _firstPlace;
    private int _patternLength;
    private readonly ConcurrentDictionary<string, CompiledPattern> _compiled;

    public CompiledRules(RuleSet rules, EvalTable evals, int scoreSet, CompiledRules? sibling = null)
    {
        (_rules, _evals, _scoreSet, _compiled) = (rules, evals, scoreSet, sibling?._compiled ?? new(StringComparer.Ordinal));
        if (sibling is null)
        {
            Parallel.ForEach(rules.Rules.Values, Precompile);
        }

        foreach (var rule in rules.Rules.Values)
        {
            Add(rule);
        }

        ByHeader = Grouped();
        Body = Group(RuleKind.Body);
        RawBody = Group(RuleKind.RawBody);
        Uri = Group(RuleKind.Uri);
        Full = Group(RuleKind.Full);
        Metas = new MetaRules(Slots, rules, Diagnostics);
    }

    /// <summary>A site's rules and beside them those that a user added, or gave points where the site gives none.</summary>
    private CompiledRules(CompiledRules site, RuleSet user, IEnumerable<RuleDefinition> added)
    {
        (_rules, _evals, _scoreSet, _compiled, _firstPlace) = (user, site._evals, site._scoreSet, site._compiled, site.Places);
        foreach (var rule in added)
        {
            Add(rule, site.Metas.PlaceOf(rule));
        }

        (ByHeader, Body, RawBody) = ([.. site.ByHeader, .. Grouped()], [.. site.Body, .. Group(RuleKind.Body)],
            [.. site.RawBody, .. Group(RuleKind.RawBody)]);
        (Uri, Full) = ([.. site.Uri, .. Group(RuleKind.Uri)], [.. site.Full, .. Group(RuleKind.Full)]);
        OtherHeaders.InsertRange(0, site.OtherHeaders);
        Evals.InsertRange(0, site.Evals);
        MimeHeaders.InsertRange(0, site.MimeHeaders);
        UriParts.InsertRange(0, site.UriParts);
        Templates.InsertRange(0, site.Templates);
        Captures.InsertRange(0, site.Captures);
        Metas = new MetaRules(site.Metas, Slots, user, site.Slots, _firstPlace + Slots.Count, Diagnostics);
    }

    /// <summary>The rules that run; of a user's set only those that he added.</summary>
    public Dictionary<string, RuleSlot> Slots { get; } = new(StringComparer.Ordinal);

    /// <summary>Positive tests of one header, with the pattern; the others are in <see cref="OtherHeaders"/>.</summary>
    public IReadOnlyList<(string Header, RuleGroup Rules)> ByHeader { get; }

    /// <summary>Header rules that hit on what is absent or does not match.</summary>
    public List<RuleSlot> OtherHeaders { get; } = [];

    public IReadOnlyList<RuleGroup> Body { get; }

    public IReadOnlyList<RuleGroup> RawBody { get; }

    public IReadOnlyList<RuleGroup> Uri { get; }

    public IReadOnlyList<RuleGroup> Full { get; }

    public List<(RuleSlot Slot, EvalFunction Function)> Evals { get; } = [];

    public List<RuleSlot> MimeHeaders { get; } = [];

    public List<(RuleSlot Slot, IReadOnlyList<(UriCriterion Criterion, CompiledPattern Pattern)> Criteria)> UriParts { get; } = [];

    /// <summary>Rules whose pattern holds a tag that another rule's match fills (<c>%{NAME}</c>).</summary>
    public List<RuleSlot> Templates { get; } = [];

    /// <summary>Rules whose named groups fill tags.</summary>
    public List<RuleSlot> Captures { get; } = [];

    public MetaRules Metas { get; }

    /// <summary>How many values a scan keeps: one for each rule that runs.</summary>
    public int Places => _firstPlace + Slots.Count + Metas.Unscored;

    /// <summary>Rules that cannot run here, and why.</summary>
    public List<(RuleDefinition Rule, string Why)> Unsupported { get; } = [];

    /// <summary>Lines that were read and cannot be compiled.</summary>
    public List<RuleDiagnostic> Diagnostics { get; } = [];

    /// <summary>
    /// These rules as a user's scores and rules make them. What the user gives other points is compiled already; only rules that do not
    /// run for the site are compiled, into groups of their own.
    /// </summary>
    /// <param name="user">Preferences over the rules that these were compiled of.</param>
    /// <param name="changed">The rules with other points, by their places.</param>
    public CompiledRules For(RuleSet user, out IReadOnlyDictionary<int, RuleSlot> changed)
    {
        var slots = new Dictionary<int, RuleSlot>();
        var added = new Dictionary<string, RuleDefinition>(user.Rules.Own, StringComparer.Ordinal);
        foreach (var name in user.Scores.Own.Keys.Where(n => !added.ContainsKey(n)))
        {
            var score = user.Scores[name][_scoreSet];
            if (Slots.TryGetValue(name, out var slot))
            {
                slots[slot.Index] = slot with { Score = score };
            }
            else if (score != 0 && _rules.Rules.TryGetValue(name, out var rule))
            {
                added[name] = rule;
            }
        }

        changed = slots;
        return added.Count == 0 ? this : new(this, user, added.Values);
    }

    private List<RuleSlot> OfKind(RuleKind kind) =>
        [.. Slots.Values.Where(s => s.Rule.Kind == kind && s.Pattern is not null && !Templates.Contains(s))];

    private IReadOnlyList<RuleGroup> Group(RuleKind kind) => OfKind(kind) is { Count: > 0 } slots ? [new RuleGroup(slots)] : [];

    private IReadOnlyList<(string Header, RuleGroup Rules)> Grouped() => [.. OfKind(RuleKind.Header)
        .Where(s => !OtherHeaders.Contains(s)).GroupBy(s => s.Rule.Header, StringComparer.Ordinal)
        .Select(g => (g.Key, new RuleGroup([.. g])))];

    private void Add(RuleDefinition rule, int? place = null)
    {
        var flags = _rules.Flags.GetValueOrDefault(rule.Name, RuleFlags.None);
        var score = _rules.Scores.TryGetValue(rule.Name, out var scores) ? scores[_scoreSet] : DefaultScore(rule.Name, flags);
        if (score == 0 || rule.Kind == RuleKind.Empty)
        {
            return;
        }

        try
        {
            Slots[rule.Name] = Prepare(new RuleSlot(place ?? (_firstPlace + Slots.Count), rule, flags, score));
        }
        catch (PatternException error)
        {
            Unsupported.Add((rule, error.Message));
            Diagnostics.Add(new(rule.Source, $"rule {rule.Name}: {error.Message}", IsError: true));
        }
    }

    /// <summary>Reading patterns is most of the start: all cores share it. What cannot be read is reported in its turn.</summary>
    private void Precompile(RuleDefinition rule)
    {
        if (rule.Pattern.Length == 0 || rule.Pattern.Contains(Placeholder, StringComparison.Ordinal))
        {
            return;
        }

        try
        {
            var pattern = CompileText(rule);
            _ = pattern.Literals is null ? pattern.AutomatonSize : 0;
            _compiled[rule.Name] = pattern;
        }
        catch (PatternException)
        {
            // Compile throws the same exception again and reports it.
        }
    }

    private CompiledPattern Compile(RuleDefinition rule) => _compiled.TryGetValue(rule.Name, out var pattern) ? pattern : CompileText(rule);

    private RuleSlot Prepare(RuleSlot slot)
    {
        var rule = slot.Rule;
        switch (rule.Kind)
        {
            case RuleKind.Eval:
                AddEval(slot);
                return slot;
            case RuleKind.UriDetail:
                UriParts.Add((slot, [.. rule.Criteria.Select(c => (c, CompileDelimited(c.Pattern)))]));
                return slot;
            case RuleKind.Meta:
                return slot;
        }

        if (rule.Pattern.Contains(Placeholder, StringComparison.Ordinal))
        {
            Templates.Add(slot);
            return slot;
        }

        slot = rule.Pattern.Length == 0 ? slot : slot with { Pattern = Compile(rule) };
        if (rule.Kind == RuleKind.MimeHeader)
        {
            MimeHeaders.Add(slot);
        }
        else if (rule.Kind == RuleKind.Header && (rule.IsNegated || slot.Pattern is null || rule.IfUnset is not null))
        {
            OtherHeaders.Add(slot);
        }

        if (rule.Kind != RuleKind.MimeHeader && !rule.IsNegated && slot.Pattern?.CaptureNames.Any(c => TagTemplate.IsTag(c.Name)) == true)
        {
            Captures.Add(slot);
        }

        return slot;
    }

    private CompiledPattern CompileText(RuleDefinition rule)
    {
        if (!_rules.Replacements.Rules.Contains(rule.Name))
        {
            return CompileDelimited(rule.Pattern);
        }

        // Before the expansion too, because an expansion that fails also takes time.
        var (pattern, modifiers) = DelimitedPattern.Split(rule.Pattern);
        CheckLength(pattern);
        var expanded = _rules.Replacements.Expand(pattern, _rules.Site is null ? ReplaceTags.MaxLength : MaxUserPatterns);
        CheckLength(expanded);
        return CompiledPattern.Compile(expanded, modifiers);
    }

    private CompiledPattern CompileDelimited(string pattern)
    {
        CheckLength(pattern);
        return CompiledPattern.CompileDelimited(pattern);
    }

    private void CheckLength(string pattern)
    {
        if (_rules.Site is null)
        {
            return;
        }

        if (pattern.Length > MaxUserPatterns - _patternLength)
        {
            throw new PatternException($"the patterns of a user's rules have more than {MaxUserPatterns >> 10} KiB together");
        }

        _patternLength += pattern.Length;
    }

    private void AddEval(RuleSlot slot)
    {
        if (slot.Flags.IsNet && (_scoreSet & 1) == 0)
        {
            return;
        }

        if (slot.Flags.IsLearn && (_scoreSet & 2) == 0)
        {
            return;
        }

        if (slot.Rule.Area == EvalArea.Network && (_scoreSet & 1) == 0)
        {
            return;
        }

        if (_evals.Find(slot.Rule.Function) is { } function)
        {
            EvalPatterns.Check(slot.Rule.Function, slot.Rule.Arguments);
            Evals.Add((slot, function));
        }
        else
        {
            Unsupported.Add((slot.Rule, _evals.WhyMissing(slot.Rule.Function)));
        }
    }

    private static double DefaultScore(string name, RuleFlags flags)
    {
        var score = name.StartsWith("T_", StringComparison.Ordinal) ? 0.01 : 1;
        return flags.IsNice ? -score : score;
    }
}
