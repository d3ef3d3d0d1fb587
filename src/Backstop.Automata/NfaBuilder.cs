namespace Backstop.Automata;

/// <summary>
/// Builds an <see cref="Nfa"/> from the end backwards: each call makes a node that continues at nodes made before, and
/// returns its index. A pattern begins with <see cref="Match"/> and ends with <see cref="Start"/>.
/// </summary>
/// <param name="maxNodes">The most nodes; a call beyond it throws <see cref="NfaTooLargeException"/>.</param>
internal sealed class NfaBuilder(int maxNodes)
{
    private readonly List<Node> _nodes = [];
    private readonly List<ByteSet> _sets = [];
    private readonly Dictionary<ByteSet, int> _setIndex = [];
    private readonly HashSet<Assertion> _assertions = [];
    private readonly List<(int Entry, bool IsAnchored)> _starts = [];

    /// <summary>Makes the end of the next pattern; patterns are numbered from 0 in the order of <see cref="Start"/>.</summary>
    public int Match() => Add(new(NodeKind.Match, 0, _starts.Count));

    /// <summary>Completes a pattern.</summary>
    /// <param name="entry">Its first node.</param>
    /// <param name="isAnchored">Whether it can match only at the beginning of the text: then it is not tried again
    /// after each octet.</param>
    public void Start(int entry, bool isAnchored = false) => _starts.Add((entry, isAnchored));

    public int Set(ByteSet set, int next)
    {
        if (!_setIndex.TryGetValue(set, out var index))
        {
            _setIndex[set] = index = _sets.Count;
            _sets.Add(set);
        }

        return Add(new(NodeKind.Set, next, index));
    }

    public int Fork(int one, int other) => Add(new(NodeKind.Fork, one, other));

    public int Assert(Assertion assertion, int next)
    {
        _assertions.Add(assertion);
        return Add(new(NodeKind.Assert, next, assertion.Table));
    }

    public int Mark(int next) => Add(new(NodeKind.Mark, next, 0));

    /// <summary>Repeats a part.</summary>
    /// <param name="min">The least number of repetitions.</param>
    /// <param name="max">The most repetitions; -1 for no limit.</param>
    /// <param name="next">The node that follows.</param>
    /// <param name="part">Makes the part in front of the given node.</param>
    public int Repeat(int min, int max, int next, Func<int, int> part)
    {
        var entry = next;
        if (max < 0)
        {
            // The part needs the index of the fork that closes the loop; the fork is completed after the part.
            var loop = Fork(next, next);
            var inner = part(loop);
            _nodes[loop] = new(NodeKind.Fork, inner, next);
            entry = min > 0 ? inner : loop;
        }

        for (var i = min; i < max; i++)
        {
            entry = Fork(part(entry), next);
        }

        for (var i = max < 0 ? 1 : 0; i < min; i++)
        {
            entry = part(entry);
        }

        return entry;
    }

    public Nfa Build() => new([.. _nodes], [.. _sets], [.. _assertions], [.. _starts]);

    private int Add(Node node)
    {
        if (_nodes.Count >= maxNodes)
        {
            throw new NfaTooLargeException(maxNodes);
        }

        _nodes.Add(node);
        return _nodes.Count - 1;
    }
}
