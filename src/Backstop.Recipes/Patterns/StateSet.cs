namespace Backstop.Recipes.Patterns;

/// <summary>A set of the program's states, as one state of the lazy automaton.</summary>
internal sealed class StateSet(int[] states, bool accepts) : IEquatable<StateSet>
{
    private readonly int _hash = Hash(states);

    /// <summary>Those that consume, or wait for an edge; sorted.</summary>
    public int[] States => states;

    /// <summary>Whether a match ends here.</summary>
    public bool Accepts => accepts;

    public bool Equals(StateSet? other) => other is not null && accepts == other.Accepts && states.AsSpan().SequenceEqual(other.States);

    public override bool Equals(object? obj) => Equals(obj as StateSet);

    public override int GetHashCode() => _hash;

    private static int Hash(int[] states)
    {
        var hash = default(HashCode);
        foreach (var state in states)
        {
            hash.Add(state);
        }

        return hash.ToHashCode();
    }
}

/// <summary>Follows states to all that can be reached without consuming anything.</summary>
internal sealed class StateSetBuilder(PatternProgram program)
{
    private readonly int[] _seen = new int[program.Count];
    private readonly Stack<int> _open = [];
    private readonly List<int> _states = [];
    private int _round;
    private bool _accepts;

    /// <summary>Before anything is consumed.</summary>
    public StateSet Begin()
    {
        Clear();
        Follow(program.Start, atEdge: false);
        return Take();
    }

    /// <summary>After an octet; a match may begin anew at every place.</summary>
    public StateSet Step(StateSet set, byte value)
    {
        Clear();
        foreach (var state in set.States)
        {
            if (program[state] is { Kind: StateKind.One } one && one.Set.Contains(value))
            {
                Follow(one.Next, atEdge: false);
            }
        }

        Follow(program.Start, atEdge: false);
        return Take();
    }

    /// <summary>At the very start or end of the text, where <c>^^</c> holds.</summary>
    public StateSet AtEdge(StateSet set)
    {
        Clear();
        _accepts = set.Accepts;
        foreach (var state in set.States)
        {
            Follow(state, atEdge: true);
        }

        return Take();
    }

    private void Clear()
    {
        _round++;
        _states.Clear();
        _accepts = false;
    }

    private StateSet Take()
    {
        _states.Sort();
        return new([.. _states], _accepts);
    }

    private void Follow(int first, bool atEdge)
    {
        _open.Push(first);
        while (_open.TryPop(out var index))
        {
            if (_seen[index] == _round)
            {
                continue;
            }

            _seen[index] = _round;
            var state = program[index];
            switch (state.Kind)
            {
                case StateKind.Accept:
                    _accepts = true;
                    break;
                case StateKind.Fork:
                    _open.Push(state.Next);
                    _open.Push(state.Other);
                    break;
                case StateKind.Split:
                    _open.Push(state.Next);
                    break;
                case StateKind.Edge when atEdge:
                    _open.Push(state.Next);
                    break;
                default:
                    _states.Add(index);
                    break;
            }
        }
    }
}
