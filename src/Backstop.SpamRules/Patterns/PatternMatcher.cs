using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>Reads texts of <see cref="Text.Octets"/> with an automaton, in time linear in the text. Safe for many threads.</summary>
/// <param name="nfa">The automaton.</param>
/// <param name="givesUp">Whether <see cref="TryFind"/> may give up a text; such a matcher is for nothing else.</param>
internal sealed class PatternMatcher(Nfa nfa, bool givesUp = false)
{
    private readonly LazyDfa _dfa = new(nfa, new DfaLimits(GivesUp: givesUp));

    /// <summary>How often the automaton had to forget its states.</summary>
    public int TimesFull => _dfa.TimesFull;

    /// <summary>Whether the text has a match of any pattern.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        var (dfa, classOf, made) = (_dfa, _dfa.ClassOf, 0);
        var state = dfa.Start;
        for (var i = 0; i < text.Length; i++)
        {
            state = dfa.Next(state, classOf[(byte)text[i]], i, ref made);
            if (state.Stops)
            {
                return state.Matched.Length > 0;
            }
        }

        return dfa.Next(state, dfa.End, text.Length, ref made).Matched.Length > 0;
    }

    /// <summary>Turns on the bit of every pattern that matches. False: the text needs ever new states and was given up.</summary>
    /// <param name="text">Octets, one a character.</param>
    /// <param name="found">The bits.</param>
    /// <param name="numbers">The bit of each pattern.</param>
    public bool TryFind(ReadOnlySpan<char> text, Span<ulong> found, ReadOnlySpan<int> numbers)
    {
        var (dfa, classOf, made) = (_dfa, _dfa.ClassOf, 0);
        var state = dfa.Start;
        for (var i = 0; i <= text.Length; i++)
        {
            state = dfa.Next(state, i < text.Length ? classOf[(byte)text[i]] : dfa.End, i, ref made);
            if (!state.Stops)
            {
                continue;
            }

            foreach (var pattern in state.Matched)
            {
                found[numbers[pattern] >> 6] |= 1UL << (numbers[pattern] & 63);
            }

            if (state.IsLast)
            {
                return ReferenceEquals(state, DfaState.Dead);
            }
        }

        return true;
    }
}
