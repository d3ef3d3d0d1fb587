namespace Backstop.Recipes.Patterns;

/// <summary>What a state of the automaton does.</summary>
internal enum StateKind : byte
{
    /// <summary>Consumes an octet.</summary>
    One,

    /// <summary>Goes two ways.</summary>
    Fork,

    /// <summary>Goes on at the very start or end of the text.</summary>
    Edge,

    /// <summary>Marks where MATCH begins.</summary>
    Split,

    /// <summary>Has matched.</summary>
    Accept,
}

/// <summary>One state.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Next">Where it goes.</param>
/// <param name="Other">The second way of a fork.</param>
/// <param name="Set">What <see cref="StateKind.One"/> consumes.</param>
internal readonly record struct State(StateKind Kind, int Next, int Other, ByteSet Set);

/// <summary>A nondeterministic automaton, made from the end: each state knows where it goes when it is made.</summary>
internal sealed class PatternProgram
{
    /// <summary>The accepting state.</summary>
    public const int Accept = 0;

    private readonly List<State> _states = [new(StateKind.Accept, 0, 0, default)];

    public PatternProgram(PatternNode node)
    {
        Start = Emit(node, Accept);
        Classes = MakeClasses(out var count);
        ClassCount = count;
    }

    public int Start { get; }

    public int Count => _states.Count;

    /// <summary>Octets that no state tells apart have the same class.</summary>
    public byte[] Classes { get; }

    public int ClassCount { get; }

    public State this[int index] => _states[index];

    private int Emit(PatternNode node, int next) => node switch
    {
        PatternNode.One one => Add(new(StateKind.One, next, 0, one.Set)),
        PatternNode.Edge => Add(new(StateKind.Edge, next, 0, default)),
        PatternNode.Split => Add(new(StateKind.Split, next, 0, default)),
        PatternNode.Sequence sequence => sequence.Parts.Reverse().Aggregate(next, (n, part) => Emit(part, n)),
        PatternNode.Choice choice => choice.Options.Select(o => Emit(o, next)).Aggregate((a, b) => Add(new(StateKind.Fork, a, b, default))),
        PatternNode.Repeat repeat => EmitRepeat(repeat, next),
        _ => throw new NotSupportedException(node.GetType().Name),
    };

    private int EmitRepeat(PatternNode.Repeat repeat, int next)
    {
        if (repeat.AtMostOne)
        {
            return Add(new(StateKind.Fork, Emit(repeat.Inner, next), next, default));
        }

        var loop = Add(default);
        var inner = Emit(repeat.Inner, loop);
        _states[loop] = new(StateKind.Fork, inner, next, default);
        return repeat.AtLeastOne ? inner : loop;
    }

    private int Add(State state)
    {
        _states.Add(state);
        return _states.Count - 1;
    }

    private byte[] MakeClasses(out int count)
    {
        var sets = _states.Where(s => s.Kind == StateKind.One).Select(s => s.Set).Distinct().ToList();
        var classes = new byte[256];
        count = 1;
        foreach (var set in sets)
        {
            // Splits every class into what is in the set and what is not.
            var moved = new Dictionary<byte, byte>();
            var inside = new bool[256];
            for (var c = 0; c < 256; c++)
            {
                inside[classes[c]] |= !set.Contains((byte)c);
            }

            for (var c = 0; c < 256; c++)
            {
                if (!set.Contains((byte)c) || !inside[classes[c]])
                {
                    continue;
                }

                if (!moved.TryGetValue(classes[c], out var target))
                {
                    moved[classes[c]] = target = (byte)count++;
                }

                classes[c] = target;
            }
        }

        return classes;
    }
}
