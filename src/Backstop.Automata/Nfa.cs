namespace Backstop.Automata;

/// <summary>What a node of an <see cref="Nfa"/> does.</summary>
internal enum NodeKind : byte
{
    /// <summary>Consumes an octet of the set <see cref="Node.Value"/> (<see cref="Nfa.SetOf"/>).</summary>
    Set,

    /// <summary>Goes on at <see cref="Node.Next"/> and at <see cref="Node.Value"/>.</summary>
    Fork,

    /// <summary>Goes on where the <see cref="Assertion"/> with the table <see cref="Node.Value"/> holds.</summary>
    Assert,

    /// <summary>Goes on; a matcher that follows single ways may note the place.</summary>
    Mark,

    /// <summary>A match of the pattern with the number <see cref="Node.Value"/> ends.</summary>
    Match,
}

/// <summary>A node of an <see cref="Nfa"/>.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Next">Where it goes on.</param>
/// <param name="Value">As <paramref name="Kind"/> says.</param>
internal readonly record struct Node(NodeKind Kind, int Next, int Value);

/// <summary>Patterns as one nondeterministic automaton (Thompson, 1968). Never changes, so threads share it.</summary>
internal sealed class Nfa(Node[] nodes, ByteSet[] sets, Assertion[] assertions, (int Entry, bool IsAnchored)[] starts)
{
    /// <summary>How many nodes it has.</summary>
    public int Count => nodes.Length;

    /// <summary>The entry of each pattern, and whether it can match only where the text begins.</summary>
    public ReadOnlySpan<(int Entry, bool IsAnchored)> Starts => starts;

    public Node this[int index] => nodes[index];

    /// <summary>The set of a <see cref="NodeKind.Set"/> node.</summary>
    public ref readonly ByteSet SetOf(Node node) => ref sets[node.Value];

    /// <summary>Whether an assertion tells this side before a place from <see cref="Side.Other"/>.</summary>
    public bool TellsBefore(Side side) => Array.Exists(assertions, a => a.TellsBefore(side));

    /// <summary>The octets that the patterns tell apart.</summary>
    public ByteClasses Classes()
    {
        (Side Side, ByteSet Set)[] sides = [(Side.Newline, ByteSet.Newline), (Side.Word, ByteSet.Word)];
        var told = sides.Where(s => assertions.Any(a => a.TellsBefore(s.Side) || a.TellsNext(s.Side)));
        return ByteClasses.Splitting([.. sets, .. told.Select(s => s.Set)]);
    }
}
