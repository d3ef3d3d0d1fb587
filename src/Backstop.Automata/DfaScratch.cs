namespace Backstop.Automata;

/// <summary>
/// The working memory for one step of a <see cref="LazyDfa"/>. One for each thread; there are hundreds of automata.
/// </summary>
internal sealed class DfaScratch
{
    [ThreadStatic]
    private static DfaScratch? _mine;

    private readonly List<int> _following = [];
    private readonly List<int> _matched = [];
    private readonly List<byte> _list = [];

    // A node was visited in this step if its mark is the number of the step.
    private int[] _seen = [];
    private int[] _followed = [];
    private int[] _stack = [];
    private int _depth;
    private int _mark;

    /// <summary>Whether the step leads to no node and ends no match.</summary>
    public bool IsEmpty => _following.Count == 0 && _matched.Count == 0;

    /// <summary>Returns the thread's working memory, emptied.</summary>
    /// <param name="count">The number of nodes of the automaton.</param>
    public static DfaScratch Renewed(int count)
    {
        var mine = _mine ??= new DfaScratch();
        if (mine._seen.Length < count || mine._mark == int.MaxValue)
        {
            // Each node is visited once and pushes at most two others.
            (mine._seen, mine._followed, mine._stack, mine._mark) = (new int[count], new int[count], new int[(count * 2) + 2], 0);
        }

        mine._mark++;
        mine._depth = 0;
        mine._following.Clear();
        mine._matched.Clear();
        return mine;
    }

    /// <summary>Pushes a node that has to be visited.</summary>
    public void Push(int node) => _stack[_depth++] = node;

    /// <summary>Pops the next node to visit; returns each node once in a step.</summary>
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

    /// <summary>Records a node at which the next step begins; each is recorded once.</summary>
    public void Follow(int node)
    {
        if (_followed[node] != _mark)
        {
            _followed[node] = _mark;
            _following.Add(node);
        }
    }

    /// <summary>Records that a match of a pattern ends.</summary>
    public void Match(int pattern) => _matched.Add(pattern);

    /// <summary>Returns the nodes given to <see cref="Follow"/> as a <see cref="NodeList"/>.</summary>
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

    /// <summary>Returns the patterns given to <see cref="Match"/>, ascending.</summary>
    public int[] TakeMatched()
    {
        _matched.Sort();
        return [.. _matched];
    }
}
