using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>Finds where a match ends soonest, in time linear in the text. Safe for many threads.</summary>
/// <remarks>
/// The text stands between two newlines that are not there, so that <c>^</c> and <c>$</c> find one at its ends. The first is there too
/// where a search begins behind a real newline.
/// </remarks>
internal sealed class EndMatcher(Nfa nfa)
{
    private readonly LazyDfa _dfa = new(nfa, new DfaLimits(MaxStates: 1024), border: '\n');

    /// <summary>
    /// Where the first match to end ends, at least <paramref name="start"/>; beyond the text by one where it took the newline that is not
    /// there; -1 where there is none.
    /// </summary>
    public int FirstEnd(ReadOnlySpan<byte> text, int start)
    {
        var (dfa, classOf, made) = (_dfa, _dfa.ClassOf, 0);
        var state = dfa.Start;
        if (start == 0 || text[start - 1] == '\n')
        {
            state = dfa.Next(state, start == 0 ? dfa.Begin : classOf['\n'], 0, ref made);
            if (state.Stops)
            {
                return start;
            }
        }

        for (var at = start; at < text.Length; at++)
        {
            state = dfa.Next(state, classOf[text[at]], at - start, ref made);
            if (state.Stops)
            {
                return at;
            }
        }

        state = dfa.Next(state, dfa.End, text.Length - start, ref made);

        // What ends with the newline that is not there is known once something is read behind it.
        return state.Stops ? text.Length : dfa.Next(state, classOf['\n'], text.Length - start, ref made).Stops ? text.Length + 1 : -1;
    }
}
