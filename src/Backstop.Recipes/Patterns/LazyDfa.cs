namespace Backstop.Recipes.Patterns;

/// <summary>
/// Finds where a match ends soonest, in time linear in the text: sets of states are made into single ones as they come up.
/// </summary>
/// <remarks>
/// The text stands between two newlines that are not there, so that <c>^</c> and <c>$</c> find one at its ends. The first is there too where a search
/// begins behind a real newline.
/// </remarks>
internal sealed class LazyDfa(PatternProgram program)
{
    // Beyond that everything is forgotten and begun anew: memory stays bounded whatever the text does.
    private const int MaxStates = 1024;

    private readonly Dictionary<StateSet, int> _known = [];
    private readonly List<StateSet> _sets = [];
    private readonly StateSetBuilder _builder = new(program);
    private int[] _next = new int[16 * program.ClassCount];

    /// <summary>Where the first match to end ends, at least <paramref name="start"/>; beyond the text by one where it took the newline that is not there; -1 where there is none.</summary>
    public int FirstEnd(ReadOnlySpan<byte> text, int start)
    {
        var state = Intern(_builder.Begin());
        if (_sets[state].Accepts)
        {
            return start;
        }

        if (start == 0 || text[start - 1] == '\n')
        {
            state = Step(state, (byte)'\n');
        }

        if (start == 0 || start == text.Length)
        {
            state = Intern(_builder.AtEdge(_sets[state]));
        }

        return _sets[state].Accepts ? start : Run(text, start, state);
    }

    private int Run(ReadOnlySpan<byte> text, int start, int state)
    {
        var classes = program.Classes;
        for (var at = start; at < text.Length; at++)
        {
            var next = _next[(state * program.ClassCount) + classes[text[at]]];
            state = next > 0 ? next - 1 : Step(state, text[at]);
            if (_sets[state].Accepts)
            {
                return at + 1;
            }
        }

        if (start < text.Length && _sets[state = Intern(_builder.AtEdge(_sets[state]))].Accepts)
        {
            return text.Length;
        }

        return _sets[Step(state, (byte)'\n')].Accepts ? text.Length + 1 : -1;
    }

    private int Step(int state, byte value)
    {
        var slot = (state * program.ClassCount) + program.Classes[value];
        if (_next[slot] > 0)
        {
            return _next[slot] - 1;
        }

        var before = _sets.Count;
        var next = Intern(_builder.Step(_sets[state], value));

        // Where everything was forgotten, the slot belongs to another state now.
        if (_sets.Count >= before)
        {
            _next[slot] = next + 1;
        }

        return next;
    }

    private int Intern(StateSet set)
    {
        if (_known.TryGetValue(set, out var index))
        {
            return index;
        }

        if (_sets.Count == MaxStates)
        {
            _known.Clear();
            _sets.Clear();
            Array.Clear(_next);
        }

        _sets.Add(set);
        if (_sets.Count * program.ClassCount > _next.Length)
        {
            Array.Resize(ref _next, _next.Length * 2);
        }

        return _known[set] = _sets.Count - 1;
    }
}
