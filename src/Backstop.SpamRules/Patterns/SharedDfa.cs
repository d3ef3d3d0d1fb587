namespace Backstop.SpamRules.Patterns;

/// <summary>
/// One automaton for several patterns that need no string, so that every text has to be tried. If it fills up again and again, it costs
/// more to build than it saves, and its patterns are split into two automata.
/// </summary>
internal sealed class SharedDfa
{
    private const int FillsBeforeParting = 3;

    private readonly (PatternNode Node, int Number)[] _patterns;
    private readonly int[] _numbers;
    private PatternMatcher? _matcher;
    private SharedDfa[] _parts = [];

    private SharedDfa(PatternMatcher matcher, (PatternNode Node, int Number)[] patterns) =>
        (_matcher, _patterns, _numbers) = (matcher, patterns, [.. patterns.Select(p => p.Number)]);

    /// <summary>Builds one automaton of the patterns; null if together they would be too large.</summary>
    public static SharedDfa? TryBuild(IReadOnlyList<(PatternNode Node, int Number)> patterns) =>
        PatternAutomaton.TryBuild([.. patterns.Select(p => p.Node)]) is { } nfa
            ? new SharedDfa(new(nfa, givesUp: true), [.. patterns])
            : null;

    /// <summary>Turns on the bit of every pattern that may match.</summary>
    public void Find(string text, Span<ulong> found)
    {
        if (Volatile.Read(ref _matcher) is not { } matcher)
        {
            foreach (var part in _parts)
            {
                part.Find(text, found);
            }

            return;
        }

        if (matcher.TryFind(text, found, _numbers))
        {
            if (_patterns.Length > 1 && matcher.TimesFull >= FillsBeforeParting)
            {
                Part();
            }
        }
        else if (_patterns.Length > 1)
        {
            Part();
            Find(text, found);
        }
        else
        {
            found[_numbers[0] >> 6] |= 1UL << (_numbers[0] & 63);
        }
    }

    private void Part()
    {
        var half = _patterns.Length / 2;
        _parts = [TryBuild(_patterns[..half])!, TryBuild(_patterns[half..])!];
        Volatile.Write(ref _matcher, null);
    }
}
