namespace Backstop.Automata;

/// <summary>
/// Builds an <see cref="Nfa"/> from the end backwards: each call makes a node that goes on at nodes made before, and returns its index.
/// A pattern begins with <see cref="Match"/> and ends with <see cref="Start"/>.
/// </summary>
/// <param name="maxNodes">How many nodes it may have. One more and the call throws <see cref="NfaTooLargeException"/>.</param>
internal sealed class NfaBuilder(int maxNodes)
{
    private readonly List<Node> _nodes = [];
    private readonly List<ByteSet> _sets = [];
    private readonly Dictionary<ByteSet, int> _setIndex = [];
    private readonly HashSet<Assertion> _assertions = [];
    private readonly List<(int Entry, bool IsAnchored)> _starts = [];

    /// <summary>The end of the next pattern; patterns are numbered from 0 in the order of <see cref="Start"/>.</summary>
    public int Match() => Add(new(NodeKind.Match, 0, _starts.Count));

    /// <summary>Ends a pattern.</summary>
    /// <param name="entry">Its first node.</param>
    /// <param name="isAnchored">Whether it can match only where the text begins: then it is not tried anew behind each octet.</param>
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

    /// <summary>A part some times over.</summary>
    /// <param name="min">At least so often.</param>
    /// <param name="max">At most so often; -1: no bound.</param>
    /// <param name="next">What follows.</param>
    /// <param name="part">Makes the part before the node it is given.</param>
    public int Repeat(int min, int max, int next, Func<int, int> part)
    {
        var entry = next;
        if (max < 0)
        {
            // The fork that closes the loop is needed inside it, and is completed when its part is there.
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
