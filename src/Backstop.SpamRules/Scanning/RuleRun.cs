using System.Numerics;
using Backstop.Mail;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Scanning;

/// <summary>Runs all rules over one message. Meta rules come last, because they build on the others.</summary>
internal sealed class RuleRun(CompiledRules rules, MessageScan scan, IReadOnlyDictionary<int, RuleSlot>? users = null)
{
    /// <summary>Once this many rules have run out of steps, other rules whose pattern could do so are skipped.</summary>
    private const int MaxOutOfSteps = 8;

    /// <summary>The most texts that are kept of what the named groups of a rule match.</summary>
    private const int MaxCaptures = 32;

    /// <summary>All texts of a tag together, in octets: patterns are made of them, for each message anew.</summary>
    private const int MaxCaptured = 4096;

    private readonly HitTable _hits = new(rules.Places, users);
    private readonly Dictionary<string, List<string>> _tags = new(StringComparer.Ordinal);

    public HitTable Run()
    {
        RunHeaders();
        RunGroups(rules.Body, () => scan.Body, skipFirst: true);
        RunGroups(rules.RawBody, () => scan.RawBody, skipFirst: false);
        RunGroups(rules.Uri, scan.Uris.Cleaned, skipFirst: false);
        RunGroups(rules.Full, () => [scan.Message.Pristine], skipFirst: false);

        RunMimeHeaders();
        RunUriParts();
        if (rules.Templates.Count > 0)
        {
            rules.Captures.ForEach(Capture);
            RunTemplates();
        }

        foreach (var (slot, function) in rules.Evals)
        {
            Guard(slot, s => function(scan, new EvalArguments(s.Name, s.Rule.Arguments)) ? 1 : 0);
        }

        RunMetas();
        return _hits;
    }

    // Nobody knows whether a rule that ran out of steps would have hit, so the outcome that is better for the message counts.
    private void RunMetas()
    {
        if (_hits.OutOfSteps.Count == 0)
        {
            rules.Metas.Run(_hits);
            return;
        }

        var lenient = _hits.Copy();
        lenient.AddPossible(_hits.OutOfSteps.Where(s => _hits[s.Index] == 0));
        rules.Metas.Run(lenient);
        rules.Metas.Run(_hits);
        _hits.LowestScore = Math.Min(_hits.Score, lenient.Score);
    }

    private void RunHeaders()
    {
        foreach (var (header, group) in rules.ByHeader)
        {
            // An absent header is the empty text for a pattern.
            RunGroup(group, [scan.Headers.ForRule(header) ?? ""], skipFirst: false);
        }

        foreach (var slot in rules.OtherHeaders)
        {
            var value = scan.Headers.ForRule(slot.Rule.Header);
            if (slot.Pattern is null)
            {
                _hits.Add(slot, value is not null != slot.Rule.IsNegated ? 1 : 0);
            }
            else if ((value ?? slot.Rule.IfUnset ?? "") is var text)
            {
                Guard(slot, s => slot.Rule.IsNegated
                    ? (s.Pattern!.IsMatch(text, scan.Steps) ? 0 : 1) : s.Pattern!.Count(text, s.MaxHits, scan.Steps));
            }
        }
    }

    private void RunGroups(IReadOnlyList<RuleGroup> groups, Func<List<string>> texts, bool skipFirst)
    {
        foreach (var group in groups)
        {
            RunGroup(group, texts(), skipFirst);
        }
    }

    private void RunGroup(RuleGroup group, List<string> texts, bool skipFirst)
    {
        Span<ulong> candidates = stackalloc ulong[group.Patterns.Words];
        for (var i = 0; i < texts.Count; i++)
        {
            group.Patterns.Find(texts[i], candidates);
            for (var word = 0; word < candidates.Length; word++)
            {
                for (var bits = candidates[word]; bits != 0; bits &= bits - 1)
                {
                    var slot = group.Slots[(word << 6) + BitOperations.TrailingZeroCount(bits)];
                    if (!(skipFirst && i == 0 && slot.SkipsSubject))
                    {
                        Try(slot, texts[i]);
                    }
                }
            }
        }
    }

    private void Try(RuleSlot slot, string text)
    {
        var found = _hits[slot.Index];
        if (found >= slot.MaxHits || IsSuspended(slot))
        {
            return;
        }

        try
        {
            _hits.Add(slot, slot.Pattern!.Count(text, (int)(slot.MaxHits - found), scan.Steps));
        }
        catch (StepsSpentException)
        {
            _hits.OutOfSteps.Add(slot);
        }
    }

    private bool IsSuspended(RuleSlot slot) => _hits.OutOfSteps.Count > 0
        && (
        _hits.OutOfSteps.Contains(slot) || (
            _hits.OutOfSteps.Count >= MaxOutOfSteps && slot.Pattern is { MayRunOutOfSteps: true } && _hits.OutOfSteps.Add(slot)));

    private void Guard(RuleSlot slot, Func<RuleSlot, int> test)
    {
        if (IsSuspended(slot))
        {
            return;
        }

        try
        {
            MessageBudget.Charge(0);
            _hits.Add(slot, test(slot));
        }
        catch (StepsSpentException)
        {
            _hits.OutOfSteps.Add(slot);
        }
    }

    private void RunMimeHeaders()
    {
        if (rules.MimeHeaders.Count == 0)
        {
            return;
        }

        var parts = scan.Message.Walk().Take(1000).ToList();
        foreach (var slot in rules.MimeHeaders)
        {
            Guard(slot, s => CountInParts(s, parts));
        }
    }

    private int CountInParts(RuleSlot slot, List<MimeNode> parts)
    {
        var (first, last) = slot.Flags.Range();
        var texts = parts.Skip(Math.Max(0, first - 1)).Take(last - Math.Max(0, first - 1)).Select(p => PartHeader(slot.Rule, p));
        if (slot.Flags.Has("concat"))
        {
            texts = [string.Concat(texts.Select(t => t.EndsWith('\n') ? t : t + "\n"))];
        }

        if (slot.Rule.IsNegated)
        {
            return texts.Any(t => slot.Pattern!.IsMatch(t, scan.Steps)) ? 0 : 1;
        }

        var max = slot.Flags.IsMultiple ? Math.Min(slot.MaxHits, 1000) : 1;
        foreach (var text in texts)
        {
            if (slot.Pattern!.Count(text, max, scan.Steps) is var count and > 0)
            {
                return count;
            }
        }

        return 0;
    }

    private static string PartHeader(RuleDefinition rule, MimeNode part)
    {
        var raw = rule.Header.EndsWith(":raw", StringComparison.Ordinal);
        var name = raw ? rule.Header[..^4] : rule.Header;
        if (name == "ALL")
        {
            return SpamMessage.AllHeadersOf(part, raw);
        }

        var values = raw ? part.RawHeaders(name) : part.Headers(name);
        return values.Count == 0 ? rule.IfUnset ?? "" : raw ? values[^1] : values[^1] + "\n";
    }

    private void RunUriParts()
    {
        foreach (var (slot, criteria) in rules.UriParts)
        {
            Guard(slot, _ => scan.Uris.ByUri.Any(uri => criteria.All(c => Holds(c.Criterion, c.Pattern, uri.Key, uri.Value))) ? 1 : 0);
        }
    }

    private bool Holds(UriCriterion criterion, CompiledPattern pattern, string uri, Uris.UriDetail detail)
    {
        IEnumerable<string> texts = criterion.Target switch
        {
            "raw" => [uri],
            "type" => detail.Types,
            "cleaned" => detail.Cleaned,
            "text" => detail.AnchorTexts,
            "domain" => detail.Domains,
            _ => detail.Hosts.Keys,
        };
        return texts.Any(t => pattern.IsMatch(t, scan.Steps) != criterion.IsNegated);
    }

    /// <summary>What named groups matched becomes tags for <see cref="RunTemplates"/>; a tag may have several values.</summary>
    private void Capture(RuleSlot slot)
    {
        if (_hits[slot.Index] == 0)
        {
            return;
        }

        try
        {
            var max = Math.Min(slot.MaxHits, MaxCaptures);
            foreach (var groups in TextsOf(slot.Rule).SelectMany(t => slot.Pattern!.AllGroups(t, max, scan.Steps)).Take(max))
            {
                foreach (var (name, number) in slot.Pattern!.CaptureNames)
                {
                    if (groups[number] is { Length: > 0 } value)
                    {
                        var values = _tags.GetValueOrDefault(name, []);
                        if (values.Count < MaxCaptures && values.Sum(v => v.Length) + value.Length <= MaxCaptured
                            && !values.Contains(value))
                        {
                            values.Add(value);
                            _tags[name] = values;
                        }
                    }
                }
            }
        }
        catch (StepsSpentException)
        {
            _hits.OutOfSteps.Add(slot);
        }
    }

    private void RunTemplates()
    {
        foreach (var slot in rules.Templates)
        {
            Guard(slot, s => TagTemplate.Count(s, _tags, TextsOf(s.Rule), scan.Steps));
        }
    }

    private List<string> TextsOf(RuleDefinition rule) => rule.Kind switch
    {
        RuleKind.Body => scan.Body,
        RuleKind.RawBody => scan.RawBody,
        RuleKind.Uri => scan.Uris.Cleaned(),
        RuleKind.Header => [scan.Headers.ForRule(rule.Header) ?? rule.IfUnset ?? ""],
        _ => [scan.Message.Pristine],
    };
}
