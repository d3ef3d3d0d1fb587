namespace Backstop.Automata;

/// <summary>What stands on one side of a position in a text.</summary>
internal enum Side : byte
{
    /// <summary>Nothing: the text begins or ends here.</summary>
    Edge,

    /// <summary>A newline.</summary>
    Newline,

    /// <summary>An octet of <see cref="ByteSet.Word"/>.</summary>
    Word,

    /// <summary>Any other octet.</summary>
    Other,
}

/// <summary>
/// A condition on a position between two octets, as a truth table: bit 4 * before + next. Each dialect defines its own
/// (<c>\b</c>, <c>^^</c>).
/// </summary>
internal readonly record struct Assertion(ushort Table)
{
    /// <summary>Makes the truth table of a condition.</summary>
    /// <param name="holds">Whether the condition holds with these sides before and behind the position.</param>
    public static Assertion Where(Func<Side, Side, bool> holds)
    {
        var table = 0;
        for (var i = 0; i < 16; i++)
        {
            table |= holds((Side)(i >> 2), (Side)(i & 3)) ? 1 << i : 0;
        }

        return new((ushort)table);
    }

    public bool Holds(Side before, Side next) => (Table >> (((int)before << 2) | (int)next) & 1) != 0;

    /// <summary>
    /// Whether the result with this side before the position differs from that with <see cref="Side.Other"/>.
    /// </summary>
    public bool TellsBefore(Side side) => Row(side) != Row(Side.Other);

    /// <summary>
    /// Whether the result with this side behind the position differs from that with <see cref="Side.Other"/>.
    /// </summary>
    public bool TellsNext(Side side) => Column(side) != Column(Side.Other);

    private int Row(Side before) => Table >> ((int)before << 2) & 0xF;

    private int Column(Side next) => Table >> (int)next & 0x1111;
}
