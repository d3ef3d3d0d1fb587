using Backstop.Automata;
using CsCheck;

namespace Backstop.Tests.Automata;

/// <summary>A pattern that says where its matches end straight from what its parts mean: what the automaton is compared with.</summary>
internal abstract record Tree
{
    private static readonly Assertion[] _assertions =
    [
        Assertion.Where((before, _) => before == Side.Edge),
        Assertion.Where((_, next) => next == Side.Edge),
        Assertion.Where((before, next) => before == Side.Edge || next == Side.Edge),
        Assertion.Where((before, next) => before is Side.Edge or Side.Newline && next != Side.Edge),
        Assertion.Where((before, next) => (before == Side.Word) != (next == Side.Word)),
        Assertion.Where((_, next) => next is Side.Newline or Side.Word),
        Assertion.Where((before, _) => before == Side.Newline),
    ];

    /// <summary>Where matches end that begin at a place.</summary>
    public abstract IEnumerable<int> Ends(Places text, int at);

    /// <summary>The same pattern as nodes before <paramref name="next"/>.</summary>
    public abstract int Build(NfaBuilder builder, int next);

    public static Gen<Tree> Any(int depth)
    {
        var leaf = Gen.OneOf(
            Gen.OneOf("a", "b", "ab", " ", "\n", "a\n", "b \n")
                .Select(s => (Tree)new Octet(s.Aggregate(default(ByteSet), (set, c) => set | ByteSet.Of(c)))),
            Gen.OneOf(_assertions).Select(a => (Tree)new Condition(a)),
            Gen.Const((Tree)new Empty()));
        if (depth == 0)
        {
            return leaf;
        }

        var part = Any(depth - 1);
        return Gen.OneOf(
            leaf,
            Gen.Select(part, part, (x, y) => (Tree)new Both(x, y)),
            Gen.Select(part, part, (x, y) => (Tree)new Either(x, y)),
            Gen.Select(part, Gen.Int[0, 2], Gen.Int[-1, 2], (x, min, more) => (Tree)new Repeat(x, min, more < 0 ? -1 : min + more)));
    }

    private sealed record Octet(ByteSet Set) : Tree
    {
        public override IEnumerable<int> Ends(Places text, int at) =>
            at < text.Octets.Length && Set.Contains(text.Octets[at]) ? [at + 1] : [];

        public override int Build(NfaBuilder builder, int next) => builder.Set(Set, next);
    }

    private sealed record Condition(Assertion Assertion) : Tree
    {
        public override IEnumerable<int> Ends(Places text, int at) => Assertion.Holds(text.Before(at), text.Next(at)) ? [at] : [];

        public override int Build(NfaBuilder builder, int next) => builder.Assert(Assertion, next);
    }

    private sealed record Empty : Tree
    {
        public override IEnumerable<int> Ends(Places text, int at) => [at];

        public override int Build(NfaBuilder builder, int next) => builder.Mark(next);
    }

    private sealed record Both(Tree One, Tree Two) : Tree
    {
        public override IEnumerable<int> Ends(Places text, int at) => One.Ends(text, at).SelectMany(e => Two.Ends(text, e)).Distinct();

        public override int Build(NfaBuilder builder, int next) => One.Build(builder, Two.Build(builder, next));
    }

    private sealed record Either(Tree One, Tree Two) : Tree
    {
        public override IEnumerable<int> Ends(Places text, int at) => One.Ends(text, at).Union(Two.Ends(text, at));

        public override int Build(NfaBuilder builder, int next) => builder.Fork(One.Build(builder, next), Two.Build(builder, next));
    }

    private sealed record Repeat(Tree Part, int Min, int Max) : Tree
    {
        public override IEnumerable<int> Ends(Places text, int at)
        {
            HashSet<int> now = [at];
            for (var i = 0; i < Min; i++)
            {
                now = [.. now.SelectMany(e => Part.Ends(text, e))];
            }

            // Without a bound, as often as there are places is as good as any number of times.
            var all = now.ToHashSet();
            for (var i = Min; i < (Max < 0 ? Min + text.Octets.Length + 1 : Max); i++)
            {
                now = [.. now.SelectMany(e => Part.Ends(text, e))];
                all.UnionWith(now);
            }

            return all;
        }

        public override int Build(NfaBuilder builder, int next) => builder.Repeat(Min, Max, next, n => Part.Build(builder, n));
    }
}
