using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>Finds where a match ends soonest, in time linear in the text. Safe for many threads.</summary>
/// <remarks>
/// The text is matched as if a newline stood before and behind it, so that <c>^</c> and <c>$</c> match at its ends. The one in front is
/// assumed also where a search begins behind a real newline.
/// </remarks>
internal sealed class EndMatcher(Nfa nfa)
{
    private readonly LazyDfa _dfa = new(nfa, new DfaLimits(MaxStates: 1024), border: '\n');

    /// <summary>
    /// Returns where the match that ends first ends, at least <paramref name="start"/>; one more than the text's length if the match
    /// includes the assumed newline behind it; -1 if there is no match.
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

        // Whether a match ends with the assumed newline shows only once an octet behind it is read.
        return state.Stops ? text.Length : dfa.Next(state, classOf['\n'], text.Length - start, ref made).Stops ? text.Length + 1 : -1;
    }
}
