namespace Backstop.Automata;

/// <summary>
/// The deterministic automaton of an <see cref="Nfa"/>, made state by state as texts need it: a symbol costs one table
/// lookup, or at most one visit to each node. Safe for many threads: reading takes no lock, making a state does.
/// </summary>
/// <remarks>
/// A reader begins at <see cref="Start"/> and calls <see cref="Next"/> with the class of each octet and then with <see
/// cref="End"/>. It reads <see cref="DfaState.Matched"/> where <see cref="DfaState.Stops"/> is true, and stops where
/// <see cref="DfaState.IsLast"/> is.
/// </remarks>
internal sealed class LazyDfa
{
    // If every tenth octet or more makes a new state, reading is faster without keeping them.
    private const int OctetsPerState = 10;

    private readonly Nfa _nfa;
    private readonly DfaLimits _limits;
    private readonly Symbol[] _symbols;
    private readonly Side _beforeStart;
    private readonly DfaState?[] _unkept;
    private readonly HashSet<DfaState> _known = [];
    private readonly Lock _lock = new();
    private DfaState _start;
    private int _nodeBytes;
    private int _timesFull;

    /// <summary>Makes the automaton with its first state only.</summary>
    /// <param name="nfa">The patterns.</param>
    /// <param name="limits">The limits on its memory.</param>
    /// <param name="border">An octet that stands before and behind each text without being part of it; -1: none.</param>
    public LazyDfa(Nfa nfa, DfaLimits limits, int border = -1)
    {
        (_nfa, _limits) = (nfa, limits);
        var classes = nfa.Classes();
        ClassOf = classes.Of;
        (End, Begin) = (classes.Members.Length, classes.Members.Length + 1);
        var octets = classes.Members.Select(m => new Symbol(m, SideOf(m), Told(SideOf(m))));
        var end = new Symbol(border, Side.Edge, Told(SideOf(border)));
        var begin = new Symbol(border, SideOf(border), Told(Side.Edge));
        _symbols = border < 0 ? [.. octets, end] : [.. octets, end, begin];
        _beforeStart = border < 0 ? Told(Side.Edge) : Side.Other;
        _unkept = new DfaState?[_symbols.Length];
        _start = MakeStart();
    }

    /// <summary>The symbol for each of the 256 octets.</summary>
    public byte[] ClassOf { get; }

    /// <summary>The symbol for the end of the text; reads the border, if there is one.</summary>
    public int End { get; }

    /// <summary>The symbol for the beginning of the text; only for an automaton with a border, which it reads.</summary>
    public int Begin { get; }

    /// <summary>The first state: before the border, or without one before the first octet.</summary>
    public DfaState Start => Volatile.Read(ref _start);

    /// <summary>The number of states kept, without <see cref="Start"/>.</summary>
    public int Count => _known.Count;

    /// <summary>How often a limit was reached and all states were dropped.</summary>
    public int TimesFull => Volatile.Read(ref _timesFull);

    /// <summary>Returns the state after a symbol.</summary>
    /// <param name="state">The present state; not <see cref="DfaState.IsLast"/>.</param>
    /// <param name="symbol">The next symbol.</param>
    /// <param name="at">The number of octets read so far.</param>
    /// <param name="made">The number of states made for this text; begin with 0, it is counted here.</param>
    public DfaState Next(DfaState state, int symbol, int at, ref int made) =>
        Volatile.Read(ref state.Next[symbol]) ?? Make(state, symbol, at, ref made);

    private DfaState Make(DfaState state, int symbol, int at, ref int made)
    {
        if (state.Next == _unkept || (++made > _limits.MaxStates && made > at / OctetsPerState))
        {
            return _limits.GivesUp ? DfaState.GaveUp : Compute(state, symbol);
        }

        lock (_lock)
        {
            if (state.Next[symbol] is { } known)
            {
                return known;
            }

            var next = Keep(Compute(state, symbol));
            Volatile.Write(ref state.Next[symbol], next);
            return next;
        }
    }

    // New states do not refer to dropped ones, which are freed once no text stands at them.
    private DfaState Keep(DfaState state)
    {
        if (state.IsLast)
        {
            return state;
        }

        if (_known.TryGetValue(state, out var known))
        {
            return known;
        }

        if (_known.Count >= _limits.MaxStates || _nodeBytes + state.Nodes.Length > _limits.MaxNodeBytes)
        {
            _known.Clear();
            _nodeBytes = 0;
            Volatile.Write(ref _start, MakeStart());
            Volatile.Write(ref _timesFull, _timesFull + 1);
        }

        var kept = state.WithTable(_symbols.Length);
        _known.Add(kept);
        _nodeBytes += kept.Nodes.Length;
        return kept;
    }

    private DfaState MakeStart()
    {
        var scratch = DfaScratch.Renewed(_nfa.Count);
        foreach (var (entry, _) in _nfa.Starts)
        {
            scratch.Follow(entry);
        }

        return new DfaState(scratch.TakeNodes(), _beforeStart, [], new DfaState?[_symbols.Length]);
    }

    private DfaState Compute(DfaState state, int symbol)
    {
        var read = _symbols[symbol];
        var scratch = DfaScratch.Renewed(_nfa.Count);
        for (int at = 0, node = 0; at < state.Nodes.Length;)
        {
            node = NodeList.Read(state.Nodes, ref at, node);
            Close(node, state.Before, read, scratch);
        }

        foreach (var (entry, isAnchored) in read.Octet < 0 ? [] : _nfa.Starts)
        {
            if (!isAnchored || symbol == Begin)
            {
                scratch.Follow(entry);
            }
        }

        return scratch.IsEmpty ? DfaState.Dead : new DfaState(scratch.TakeNodes(), read.Before, scratch.TakeMatched(), _unkept);
    }

    /// <summary>
    /// Follows the edges that consume nothing; collects the nodes after the symbol, and the patterns whose match ends
    /// before it.
    /// </summary>
    private void Close(int start, Side before, Symbol read, DfaScratch scratch)
    {
        scratch.Push(start);
        while (scratch.TryPop(out var index))
        {
            var node = _nfa[index];
            switch (node.Kind)
            {
                case NodeKind.Match:
                    scratch.Match(node.Value);
                    break;
                case NodeKind.Fork:
                    scratch.Push(node.Value);
                    scratch.Push(node.Next);
                    break;
                case NodeKind.Mark:
                case NodeKind.Assert when new Assertion((ushort)node.Value).Holds(before, read.Next):
                    scratch.Push(node.Next);
                    break;
                case NodeKind.Set when read.Octet >= 0 && _nfa.SetOf(node).Contains(read.Octet):
                    scratch.Follow(node.Next);
                    break;
            }
        }
    }

    // Sides that no assertion distinguishes become one, so that equal states become one too.
    private Side Told(Side side) => _nfa.TellsBefore(side) ? side : Side.Other;

    private static Side SideOf(int octet) => octet switch
    {
        < 0 => Side.Edge,
        '\n' => Side.Newline,
        _ => ByteSet.Word.Contains(octet) ? Side.Word : Side.Other,
    };

    /// <summary>A symbol as seen by the nodes.</summary>
    /// <param name="Octet">The octet that is consumed; -1 for none.</param>
    /// <param name="Next">Its side, for the position before it.</param>
    /// <param name="Before">Its side, for the position behind it.</param>
    private readonly record struct Symbol(int Octet, Side Next, Side Before);
}
