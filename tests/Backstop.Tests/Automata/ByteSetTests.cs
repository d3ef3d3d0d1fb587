using Backstop.Automata;
using CsCheck;

namespace Backstop.Tests.Automata;

public sealed class ByteSetTests
{
    private static readonly Gen<int[]> _members = Gen.Int[0, 255].Array[0, 300];

    [Fact]
    public void Sets_agree_with_a_hash_set() => Gen.Select(_members, _members, Gen.Int[0, 255]).Sample((x, y, one) =>
    {
        var (a, b) = (Of(x), Of(y));
        Same(x, a);
        Same(x.Union(y), a | b);
        Same(x.Intersect(y), a & b);
        Same(Enumerable.Range(0, 256).Except(x), ~a);
        Same(x.Where(m => m != one), a.Without(one));
        Assert.Equal(x.Order().SequenceEqual(y.Order()) || a.Members().SequenceEqual(b.Members()), a == b);
    });

    [Fact]
    public void Ranges_hold_both_ends() => Gen.Select(Gen.Int[0, 255], Gen.Int[0, 255]).Sample((first, last) =>
        Same(Enumerable.Range(0, 256).Where(m => m >= first && m <= last), ByteSet.Range(first, last)));

    [Fact]
    public void Named_sets_are_ASCII()
    {
        Same(Enumerable.Range(0, 128).Where(m => char.IsAsciiLetterOrDigit((char)m) || m == '_'), ByteSet.Word);
        Same(Enumerable.Range(0, 256), ByteSet.All);
        Same(Enumerable.Range(0, 256).Where(m => m != '\n'), ByteSet.NotNewline);
    }

    [Fact]
    public void Octets_share_a_class_where_no_set_tells_them_apart() => _members.Array[0, 12].Sample(lists =>
    {
        var sets = lists.Select(Of).ToList();
        var classes = ByteClasses.Splitting(sets);
        var kinds = Enumerable.Range(0, 256).GroupBy(m => string.Concat(sets.Select(s => s.Contains(m) ? '1' : '0'))).ToList();
        Assert.All(kinds, kind => Assert.Single(kind.Select(m => classes.Of[m]).Distinct()));
        Assert.Equal(kinds.Count, classes.Members.Length);
        Assert.Equal(Enumerable.Range(0, kinds.Count), classes.Members.Select(m => (int)classes.Of[m]));
    });

    [Fact]
    public void Lists_of_nodes_are_read_as_written() => Gen.OneOf(Gen.Int[0, 300], Gen.Int[0, int.MaxValue]).Array[0, 40].Sample(nodes =>
    {
        var (list, last) = (new List<byte>(), 0);
        foreach (var node in nodes.Distinct().Order())
        {
            NodeList.Append(list, node - last);
            last = node;
        }

        var (octets, read) = (list.ToArray(), new List<int>());
        for (int at = 0, node = 0; at < octets.Length;)
        {
            read.Add(node = NodeList.Read(octets, ref at, node));
        }

        return read.SequenceEqual(nodes.Distinct().Order());
    });

    private static ByteSet Of(int[] members) => members.Aggregate(default(ByteSet), (set, m) => set | ByteSet.Of(m));

    private static void Same(IEnumerable<int> expected, ByteSet set)
    {
        var members = expected.Distinct().Order().ToList();
        Assert.Equal(members, set.Members());
        Assert.Equal((members.Count, members.Count == 0), (set.Count, set.IsEmpty));
    }
}
