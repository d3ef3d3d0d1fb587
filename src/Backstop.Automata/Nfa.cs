namespace Backstop.Automata;

/// <summary>The kinds of nodes of an <see cref="Nfa"/>.</summary>
internal enum NodeKind : byte
{
    /// <summary>Consumes an octet of the set <see cref="Node.Value"/> (<see cref="Nfa.SetOf"/>).</summary>
    Set,

    /// <summary>Continues at both <see cref="Node.Next"/> and <see cref="Node.Value"/>.</summary>
    Fork,

    /// <summary>Continues if the <see cref="Assertion"/> with the table <see cref="Node.Value"/> holds.</summary>
    Assert,

    /// <summary>Continues; a matcher that follows single paths may record the position.</summary>
    Mark,

    /// <summary>Ends a match of pattern <see cref="Node.Value"/>.</summary>
    Match,
}

/// <summary>A node of an <see cref="Nfa"/>.</summary>
/// <param name="Kind">What the node does.</param>
/// <param name="Next">The node that follows.</param>
/// <param name="Value">Its meaning depends on <paramref name="Kind"/>.</param>
internal readonly record struct Node(NodeKind Kind, int Next, int Value);

/// <summary>Patterns as one nondeterministic automaton (Thompson, 1968). Immutable, so that threads can share it.</summary>
internal sealed class Nfa(Node[] nodes, ByteSet[] sets, Assertion[] assertions, (int Entry, bool IsAnchored)[] starts)
{
    /// <summary>The number of nodes.</summary>
    public int Count => nodes.Length;

    /// <summary>The entry of each pattern, and whether it can match only where the text begins.</summary>
    public ReadOnlySpan<(int Entry, bool IsAnchored)> Starts => starts;

    public Node this[int index] => nodes[index];

    /// <summary>The set of a <see cref="NodeKind.Set"/> node.</summary>
    public ref readonly ByteSet SetOf(Node node) => ref sets[node.Value];

    /// <summary>Whether an assertion distinguishes this side before a position from <see cref="Side.Other"/>.</summary>
    public bool TellsBefore(Side side) => Array.Exists(assertions, a => a.TellsBefore(side));

    /// <summary>The classes of octets that the patterns distinguish.</summary>
    public ByteClasses Classes()
    {
        (Side Side, ByteSet Set)[] sides = [(Side.Newline, ByteSet.Newline), (Side.Word, ByteSet.Word)];
        var told = sides.Where(s => assertions.Any(a => a.TellsBefore(s.Side) || a.TellsNext(s.Side)));
        return ByteClasses.Splitting([.. sets, .. told.Select(s => s.Set)]);
    }
}
