using System.Runtime.InteropServices;

namespace Backstop.Automata;

/// <summary>
/// A state of a <see cref="LazyDfa"/>: the set of nodes, and what stood before. Immutable, except for the table of
/// following states, which is filled as texts need it.
/// </summary>
internal sealed class DfaState(byte[] nodes, Side before, int[] matched, DfaState?[] next) : IEquatable<DfaState>
{
    private readonly int[] _matched = matched;

    /// <summary>No pattern can match any more.</summary>
    public static DfaState Dead { get; } = new([], Side.Other, [], []);

    /// <summary>The text needs too many states (<see cref="DfaLimits.GivesUp"/>).</summary>
    public static DfaState GaveUp { get; } = new([], Side.Other, [], []);

    /// <summary>
    /// Whether the reader must look at the state: <see cref="Matched"/> is not empty, or <see cref="IsLast"/>.
    /// </summary>
    public bool Stops { get; } = matched.Length > 0 || next.Length == 0;

    /// <summary>Whether it is <see cref="Dead"/> or <see cref="GaveUp"/>: the reader must stop here.</summary>
    public bool IsLast => Next.Length == 0;

    /// <summary>The following states, by class of octet and by symbol of the border; null if not made yet.</summary>
    public DfaState?[] Next { get; } = next;

    /// <summary>
    /// The patterns with a match that ended before the symbol just read: conditions on the next octet are decided only
    /// after reading it.
    /// </summary>
    public ReadOnlySpan<int> Matched => _matched;

    /// <summary>The nodes as a <see cref="NodeList"/>.</summary>
    public byte[] Nodes { get; } = nodes;

    public Side Before { get; } = before;

    /// <summary>Copies the state with a table of its own.</summary>
    public DfaState WithTable(int symbols) => new(Nodes, Before, _matched, new DfaState?[symbols]);

    public bool Equals(DfaState? other) =>
        other is not null && Before == other.Before && Nodes.AsSpan().SequenceEqual(other.Nodes) && Matched.SequenceEqual(other.Matched);

    public override bool Equals(object? obj) => Equals(obj as DfaState);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Nodes);
        hash.AddBytes(MemoryMarshal.AsBytes(Matched));
        hash.Add(Before);
        return hash.ToHashCode();
    }
}
