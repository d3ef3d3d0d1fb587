namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Patterns that need no string, so that every text has to be tried: one automaton for several of them. One that fills again and again
/// is more work to make than it saves: its patterns part.
/// </summary>
internal sealed class SharedDfa
{
    private const int MaxRestarts = 2;
    private const int FillsBeforeParting = 3;

    private readonly (PatternNode Node, int Number)[] _patterns;
    private readonly Nfa _nfa;
    private readonly int[] _numbers;
    private LazyDfa? _dfa;
    private int _fills;
    private SharedDfa[]? _parts;

    private SharedDfa(Nfa nfa, (PatternNode Node, int Number)[] patterns) => (_nfa, _patterns, _numbers) = (nfa, patterns, [.. patterns.Select(p => p.Number)]);

    /// <summary>Null when together they would be too large.</summary>
    public static SharedDfa? TryBuild(IReadOnlyList<(PatternNode Node, int Number)> patterns) =>
        Nfa.TryBuild([.. patterns.Select(p => p.Node)]) is { } nfa ? new SharedDfa(nfa, [.. patterns]) : null;

    /// <summary>Turns on the bit of every pattern that may match.</summary>
    public void Find(string text, Span<ulong> found)
    {
        if (Volatile.Read(ref _parts) is { } parts)
        {
            foreach (var part in parts)
            {
                part.Find(text, found);
            }

            return;
        }

        for (var i = 0; i <= MaxRestarts; i++)
        {
            var dfa = Volatile.Read(ref _dfa) ?? Interlocked.CompareExchange(ref _dfa, new LazyDfa(_nfa), null) ?? _dfa;
            if (dfa.TryFind(text, found, _numbers))
            {
                return;
            }

            Interlocked.CompareExchange(ref _dfa, null, dfa);
            if (Interlocked.Increment(ref _fills) >= FillsBeforeParting && _patterns.Length > 1)
            {
                Part();
                Find(text, found);
                return;
            }
        }

        foreach (var number in _numbers)
        {
            found[number >> 6] |= 1UL << (number & 63);
        }
    }

    private void Part()
    {
        var half = _patterns.Length / 2;
        SharedDfa[] parts = [TryBuild(_patterns[..half])!, TryBuild(_patterns[half..])!];
        Interlocked.CompareExchange(ref _parts, parts, null);
        Volatile.Write(ref _dfa, null);
    }
}
