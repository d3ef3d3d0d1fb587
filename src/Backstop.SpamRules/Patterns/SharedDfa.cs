namespace Backstop.SpamRules.Patterns;

/// <summary>Patterns that need no string, so that every text has to be tried: one automaton for several of them, renewed when it is full.</summary>
internal sealed class SharedDfa
{
    private const int MaxRestarts = 2;

    private readonly Nfa _nfa;
    private readonly int[] _numbers;
    private LazyDfa? _dfa;

    private SharedDfa(Nfa nfa, int[] numbers) => (_nfa, _numbers) = (nfa, numbers);

    /// <summary>Null when together they would be too large.</summary>
    public static SharedDfa? TryBuild(IReadOnlyList<(PatternNode Node, int Number)> patterns) =>
        Nfa.TryBuild([.. patterns.Select(p => p.Node)]) is { } nfa ? new SharedDfa(nfa, [.. patterns.Select(p => p.Number)]) : null;

    /// <summary>Turns on the bit of every pattern that may match.</summary>
    public void Find(string text, Span<ulong> found)
    {
        for (var i = 0; i <= MaxRestarts; i++)
        {
            var dfa = Volatile.Read(ref _dfa) ?? Interlocked.CompareExchange(ref _dfa, new LazyDfa(_nfa), null) ?? _dfa;
            if (dfa.TryFind(text, found, _numbers))
            {
                return;
            }

            Interlocked.CompareExchange(ref _dfa, null, dfa);
        }

        foreach (var number in _numbers)
        {
            found[number >> 6] |= 1UL << (number & 63);
        }
    }
}
