namespace Backstop.Automata;

/// <summary>
/// Groups octets that no set of an automaton distinguishes into classes: a table needs an entry for each class, not for
/// each octet.
/// </summary>
internal sealed class ByteClasses
{
    private ByteClasses(byte[] classOf, byte[] members) => (Of, Members) = (classOf, members);

    /// <summary>The class of each of the 256 octets.</summary>
    public byte[] Of { get; }

    /// <summary>One octet of each class.</summary>
    public byte[] Members { get; }

    /// <summary>Splits the octets into classes by each set in turn (partition refinement); gives 1 to 256 classes.</summary>
    public static ByteClasses Splitting(IEnumerable<ByteSet> sets)
    {
        var classes = new List<ByteSet> { ByteSet.All };
        foreach (var set in sets)
        {
            for (var i = classes.Count - 1; i >= 0; i--)
            {
                var (inside, outside) = (classes[i] & set, classes[i] & ~set);
                if (!inside.IsEmpty && !outside.IsEmpty)
                {
                    classes[i] = outside;
                    classes.Add(inside);
                }
            }
        }

        var classOf = new byte[256];
        for (var i = 0; i < classes.Count; i++)
        {
            foreach (var octet in classes[i].Members())
            {
                classOf[octet] = (byte)i;
            }
        }

        return new(classOf, [.. classes.Select(c => (byte)c.Members().First())]);
    }
}
