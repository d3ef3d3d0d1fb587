namespace Backstop.Automata;

/// <summary>What stands on one side of a place in a text.</summary>
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
/// A condition on a place between two octets, as a truth table: bit 4 * before + next. The dialects define theirs (<c>\b</c>, <c>^^</c>),
/// so that none has to be known here.
/// </summary>
internal readonly record struct Assertion(ushort Table)
{
    /// <summary>Writes the table of a condition.</summary>
    /// <param name="holds">Whether it holds with these before and behind the place.</param>
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

    /// <summary>Whether it makes a difference that this side stands before the place and not <see cref="Side.Other"/>.</summary>
    public bool TellsBefore(Side side) => Row(side) != Row(Side.Other);

    /// <summary>As <see cref="TellsBefore"/>, of what follows.</summary>
    public bool TellsNext(Side side) => Column(side) != Column(Side.Other);

    private int Row(Side before) => Table >> ((int)before << 2) & 0xF;

    private int Column(Side next) => Table >> (int)next & 0x1111;
}
