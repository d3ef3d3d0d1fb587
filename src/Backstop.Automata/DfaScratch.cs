namespace Backstop.Automata;

/// <summary>What one step of a <see cref="LazyDfa"/> has seen. One for each thread, not for each automaton: there are hundreds.</summary>
internal sealed class DfaScratch
{
    [ThreadStatic]
    private static DfaScratch? _mine;

    private readonly List<int> _following = [];
    private readonly List<int> _matched = [];
    private readonly List<byte> _list = [];

    // A node was seen in this step where its mark is the step's.
    private int[] _seen = [];
    private int[] _followed = [];
    private int[] _stack = [];
    private int _depth;
    private int _mark;

    /// <summary>Whether the step leads nowhere and ends no match.</summary>
    public bool IsEmpty => _following.Count == 0 && _matched.Count == 0;

    /// <summary>The thread's own, emptied.</summary>
    /// <param name="count">How many nodes the automaton has.</param>
    public static DfaScratch Renewed(int count)
    {
        var mine = _mine ??= new DfaScratch();
        if (mine._seen.Length < count || mine._mark == int.MaxValue)
        {
            // Each node is taken from the stack once to be looked at and puts at most two there.
            (mine._seen, mine._followed, mine._stack, mine._mark) = (new int[count], new int[count], new int[(count * 2) + 2], 0);
        }

        mine._mark++;
        mine._depth = 0;
        mine._following.Clear();
        mine._matched.Clear();
        return mine;
    }

    /// <summary>Puts a node on the stack of those to be looked at.</summary>
    public void Push(int node) => _stack[_depth++] = node;

    /// <summary>The next node to be looked at; each comes once in a step.</summary>
    public bool TryPop(out int node)
    {
        for (node = 0; _depth > 0;)
        {
            node = _stack[--_depth];
            if (_seen[node] != _mark)
            {
                _seen[node] = _mark;
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes where the next step begins; once for each node.</summary>
    public void Follow(int node)
    {
        if (_followed[node] != _mark)
        {
            _followed[node] = _mark;
            _following.Add(node);
        }
    }

    /// <summary>Notes that a match of a pattern ends.</summary>
    public void Match(int pattern) => _matched.Add(pattern);

    /// <summary>The nodes of <see cref="Follow"/> as a <see cref="NodeList"/>.</summary>
    public byte[] TakeNodes()
    {
        _following.Sort();
        _list.Clear();
        var last = 0;
        foreach (var node in _following)
        {
            NodeList.Append(_list, node - last);
            last = node;
        }

        return [.. _list];
    }

    /// <summary>The patterns of <see cref="Match"/>, ascending.</summary>
    public int[] TakeMatched()
    {
        _matched.Sort();
        return [.. _matched];
    }
}
