namespace Backstop.Automata;

/// <summary>
/// A list of ascending node indexes, stored as differences of 7 bits an octet, the lowest first: mostly one octet for
/// each node.
/// </summary>
internal static class NodeList
{
    /// <summary>Appends one node to a list.</summary>
    /// <param name="list">Receives the difference.</param>
    /// <param name="difference">The difference from the node before it, or from 0.</param>
    public static void Append(List<byte> list, int difference)
    {
        for (; difference > 0x7F; difference >>= 7)
        {
            list.Add((byte)(difference | 0x80));
        }

        list.Add((byte)difference);
    }

    /// <summary>Reads one node.</summary>
    /// <param name="list">The stored differences.</param>
    /// <param name="at">The position in the list; advanced.</param>
    /// <param name="before">The node before it, or 0.</param>
    public static int Read(ReadOnlySpan<byte> list, ref int at, int before)
    {
        for (var shift = 0; ; shift += 7)
        {
            var octet = list[at++];
            before += (octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return before;
            }
        }
    }
}
