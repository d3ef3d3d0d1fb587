using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Many patterns over the same texts: one pass for the strings they need, and one for each handful of those that need none, pick
/// the few that have to be tried.
/// </summary>
internal sealed class PatternGroup
{
    /// <summary>More patterns in one automaton make more states than they save passes.</summary>
    private const int PatternsPerAutomaton = 12;
    private const int MaxSharedStates = 5000;
    private const int MaxSharedTotal = 12_000;

    private readonly CompiledPattern[] _patterns;
    private readonly ulong[] _always;
    private readonly List<SharedDfa> _shared = [];
    private readonly LiteralScanner? _literals;

    public PatternGroup(IReadOnlyList<CompiledPattern> patterns)
    {
        _patterns = [.. patterns];
        _always = new ulong[(patterns.Count + 63) / 64];
        var literals = new List<(string, int)>();
        var others = new List<(CompiledPattern Pattern, int Number, int Size)>();
        for (var i = 0; i < _patterns.Length; i++)
        {
            if (_patterns[i].Literals is { } needed)
            {
                literals.AddRange(needed.Select(l => (l, i)));
            }
            else if (_patterns.Length > 1 && _patterns[i].AutomatonSize is var size and <= MaxSharedStates)
            {
                others.Add((_patterns[i], i, size));
            }
            else
            {
                _always[i >> 6] |= 1UL << (i & 63);
            }
        }

        _literals = literals.Count == 0 ? null : LiteralScanner.Build(literals);
        Share([.. others.OrderBy(o => o.Size)]);
    }

    private void Share(List<(CompiledPattern Pattern, int Number, int Size)> patterns)
    {
        for (var i = 0; i < patterns.Count;)
        {
            var (count, total) = (0, 0);
            while (i + count < patterns.Count && count < PatternsPerAutomaton
                && (count == 0 || total + patterns[i + count].Size <= MaxSharedTotal))
            {
                total += patterns[i + count++].Size;
            }

            _shared.Add(SharedDfa.TryBuild([.. patterns.GetRange(i, count).Select(p => (p.Pattern.Node, p.Number))])!);
            i += count;
        }
    }

    public CompiledPattern this[int index] => _patterns[index];

    public int Count => _patterns.Length;

    /// <summary>Bits for <see cref="Find"/>.</summary>
    public int Words => _always.Length;

    /// <summary>Sets the bits of the patterns that may match the text, and no others.</summary>
    public void Find(string text, Span<ulong> candidates)
    {
        _always.CopyTo(candidates);
        MessageBudget.Charge((long)text.Length * (1 + _shared.Count));
        _literals?.Scan(text, candidates);
        foreach (var shared in _shared)
        {
            shared.Find(text, candidates);
        }
    }
}
