using System.Runtime.InteropServices;

namespace Backstop.Automata;

/// <summary>
/// A state of a <see cref="LazyDfa"/>: where its patterns stand, and what stood before. Never changes, but for the table of the states
/// behind it, which is filled as texts need it.
/// </summary>
internal sealed class DfaState(byte[] nodes, Side before, int[] matched, DfaState?[] next) : IEquatable<DfaState>
{
    private readonly int[] _matched = matched;

    /// <summary>No pattern can match any more.</summary>
    public static DfaState Dead { get; } = new([], Side.Other, [], []);

    /// <summary>The text needs too many states: <see cref="DfaLimits.GivesUp"/>.</summary>
    public static DfaState GaveUp { get; } = new([], Side.Other, [], []);

    /// <summary>Whether the text's reader has to look at it: <see cref="Matched"/> is not empty, or <see cref="IsLast"/>.</summary>
    public bool Stops { get; } = matched.Length > 0 || next.Length == 0;

    /// <summary>Whether it is <see cref="Dead"/> or <see cref="GaveUp"/>: nothing may be read behind it.</summary>
    public bool IsLast => Next.Length == 0;

    /// <summary>The state behind each class of octets and behind the border's symbols; null: not made yet.</summary>
    public DfaState?[] Next { get; } = next;

    /// <summary>The patterns a match of which ended before the symbol just read: conditions on what follows are known only then.</summary>
    public ReadOnlySpan<int> Matched => _matched;

    /// <summary>The nodes as a <see cref="NodeList"/>.</summary>
    public byte[] Nodes { get; } = nodes;

    public Side Before { get; } = before;

    /// <summary>The same state with a table of its own.</summary>
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
