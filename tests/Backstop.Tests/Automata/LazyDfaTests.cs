using System.Runtime.CompilerServices;
using Backstop.Automata;
using CsCheck;

namespace Backstop.Tests.Automata;

public sealed class LazyDfaTests
{
    private static readonly Gen<string> _text = Gen.String[Gen.Char["ab \n"], 0, 12];

    // Too little for anything, for the lists of nodes only, and enough.
    private static readonly Gen<DfaLimits> _limits =
        Gen.OneOf(new DfaLimits(MaxStates: 1), new DfaLimits(MaxStates: 3), new DfaLimits(MaxNodeBytes: 4), new DfaLimits());

    [Fact]
    public void Matches_end_where_the_patterns_say() =>
        Gen.Select(Tree.Any(3).Array[1, 4], _text.Array[1, 4], Gen.Bool, _limits).Sample((patterns, texts, hasBorder, limits) =>
        {
            var dfa = Dfa(patterns, limits, hasBorder);
            return texts.Select(t => new Places(t, hasBorder)).All(t => t.Ends(dfa).SequenceEqual(t.Ends(patterns)));
        });

    /// <summary>A pattern that says it is anchored is tried at the beginning only, with the same result.</summary>
    [Fact]
    public void Anchored_patterns_match_where_the_text_begins() =>
        Gen.Select(Tree.Any(3), _text, Gen.Bool, _limits).Sample((pattern, text, hasBorder, limits) =>
        {
            var (builder, start) = (new NfaBuilder(1000), Assertion.Where((before, _) => before == Side.Edge));
            builder.Start(builder.Assert(start, pattern.Build(builder, builder.Match())), isAnchored: true);
            var (places, at) = (new Places(text, hasBorder), hasBorder ? 1 : 0);
            var ends = pattern.Ends(places, at).Distinct().Order().Select(e => (e, 0));
            return places.Ends(new LazyDfa(builder.Build(), limits, hasBorder ? '\n' : -1)).SequenceEqual(ends);
        });

    [Theory]
    [InlineData("", false, new[] { 0 })]
    [InlineData("ab", false, new[] { 0, 1, 2 })]
    [InlineData("", true, new[] { 0, 1, 2 })]
    public void Empty_pattern_matches_at_every_place(string text, bool hasBorder, int[] ends)
    {
        var builder = new NfaBuilder(1);
        builder.Start(builder.Match());
        var dfa = new LazyDfa(builder.Build(), new DfaLimits(), hasBorder ? '\n' : -1);
        Assert.Equal(ends, new Places(text, hasBorder).Ends(dfa).Select(e => e.At));
    }

    [Fact]
    public void No_pattern_matches_nothing() =>
        Assert.Empty(new Places("a", hasBorder: false).Ends(new LazyDfa(new NfaBuilder(0).Build(), new DfaLimits())));

    [Fact]
    public void Each_of_256_octets_is_told_from_all_others()
    {
        var builder = new NfaBuilder(1000);
        foreach (var octet in Enumerable.Range(0, 256))
        {
            builder.Start(builder.Set(ByteSet.Of(octet), builder.Match()));
        }

        var dfa = new LazyDfa(builder.Build(), new DfaLimits(), border: '\n');
        Assert.Equal(Enumerable.Range(0, 256), dfa.ClassOf.Select(c => (int)c).Order());
        var made = 0;
        var state = dfa.Next(dfa.Start, dfa.Begin, 0, ref made);
        for (var octet = 0; octet <= 256; octet++)
        {
            state = dfa.Next(state, octet < 256 ? dfa.ClassOf[octet] : dfa.End, octet, ref made);
            Assert.Equal([octet == 0 ? '\n' : octet - 1], state.Matched.ToArray());
        }
    }

    /// <summary>What was made for one text serves the next: no state is made twice, and reading allocates nothing.</summary>
    [Fact]
    public void Text_that_was_read_costs_no_more_states_and_no_memory()
    {
        var dfa = Hostile(new DfaLimits());
        var text = Noise(2000);
        Read(dfa, text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var made = Read(dfa, text);
        Assert.Equal((0, 0L), (made, GC.GetAllocatedBytesForCurrentThread() - before));
    }

    /// <summary>The pattern has 2^16 states: each octet may need a new one. What is kept stays within the limits.</summary>
    [Fact]
    public void Text_that_needs_ever_new_states_is_read_within_the_limits()
    {
        var limits = new DfaLimits(MaxStates: 200);
        var dfa = Hostile(limits);
        var text = Noise(20_000);
        Assert.InRange(Read(dfa, text), limits.MaxStates, text.Length + 1);
        Assert.Equal((0, limits.MaxStates), (dfa.TimesFull, dfa.Count));
        Read(dfa, string.Concat(text.Reverse()));
        Assert.Equal(1, dfa.TimesFull);
        Assert.InRange(dfa.Count, 1, limits.MaxStates);
        Assert.Equal((true, false), (IsMatch(dfa, text + "a" + text[..15] + "x"), IsMatch(dfa, text + "b" + text[..15] + "x")));
    }

    [Fact]
    public void Text_that_needs_ever_new_states_is_given_up_where_asked()
    {
        var (dfa, made, at) = (Hostile(new DfaLimits(MaxStates: 200, GivesUp: true)), 0, 0);
        var (state, text) = (dfa.Start, Noise(20_000));
        for (; !state.Stops; at++)
        {
            state = dfa.Next(state, dfa.ClassOf[(byte)text[at]], at, ref made);
        }

        Assert.Same(DfaState.GaveUp, state);
        Assert.InRange(at, 200, 2000);
        Assert.False(IsMatch(dfa, text[..100]));
    }

    /// <summary>Bytes allocated stand for work here: they are the same on every run, which time is not.</summary>
    [Fact]
    public void Work_for_ever_new_states_is_linear_in_the_text()
    {
        var (once, fourTimes) = (Allocated(Noise(10_000)), Allocated(Noise(40_000)));
        Assert.InRange((double)fourTimes / once, 2, 4.2);

        static long Allocated(string text)
        {
            var dfa = Hostile(new DfaLimits(MaxStates: 200));
            var before = GC.GetAllocatedBytesForCurrentThread();
            Read(dfa, text);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>A text that reads on among the states it has goes on keeping them, however often a limit is reached.</summary>
    [Theory]
    [InlineData(20, 1_000_000)]
    [InlineData(4000, 200)]
    public void Text_that_seldom_needs_new_states_keeps_them(int maxStates, int maxNodeBytes)
    {
        var dfa = Hostile(new DfaLimits(maxStates, maxNodeBytes));
        Read(dfa, string.Concat(Noise(100).Select(c => new string(c, 400))));
        Assert.InRange(dfa.TimesFull, 10, 100);
    }

    /// <summary>What is forgotten is not held by what is kept: the memory of a full automaton comes back.</summary>
    [Fact]
    public void Forgotten_states_are_collected()
    {
        var dfa = Hostile(new DfaLimits(MaxStates: 20));
        var states = Reached(dfa);
        Read(dfa, string.Concat(Noise(100).Select(c => new string(c, 400))));
        GC.Collect();
        Assert.DoesNotContain(states, s => s.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference[] Reached(LazyDfa dfa)
        {
            var made = 0;
            var one = dfa.Next(dfa.Start, dfa.ClassOf['a'], 0, ref made);
            return [new(dfa.Start), new(one), new(dfa.Next(one, dfa.ClassOf['b'], 1, ref made))];
        }
    }

    [Fact]
    public void Threads_share_an_automaton_that_forgets()
    {
        var dfa = Hostile(new DfaLimits(MaxStates: 50));
        Parallel.For(0, 200, i =>
        {
            var text = Noise(300 + i);
            Assert.Equal((false, true), (IsMatch(dfa, text), IsMatch(dfa, $"{text}a{text[..15]}x")));
        });
    }

    [Fact]
    public void Pattern_that_is_too_large_is_refused()
    {
        var builder = new NfaBuilder(100);
        var error = Assert.Throws<NfaTooLargeException>(() =>
            builder.Repeat(60_000, -1, builder.Match(), n => builder.Set(ByteSet.All, n)));
        Assert.Contains("more than 100 nodes", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Repeats grow by their counts, not by a copy more.</summary>
    [Theory]
    [InlineData(0, -1, 3)]
    [InlineData(1, -1, 3)]
    [InlineData(3, -1, 5)]
    [InlineData(0, 0, 1)]
    [InlineData(2, 2, 3)]
    [InlineData(1, 3, 6)]
    public void Repeats_need_few_nodes(int min, int max, int nodes)
    {
        var builder = new NfaBuilder(100);
        builder.Start(builder.Repeat(min, max, builder.Match(), n => builder.Set(ByteSet.Word, n)));
        Assert.Equal(nodes, builder.Build().Count);
    }

    private static LazyDfa Dfa(IReadOnlyList<Tree> patterns, DfaLimits limits, bool hasBorder)
    {
        var builder = new NfaBuilder(10_000);
        foreach (var pattern in patterns)
        {
            builder.Start(pattern.Build(builder, builder.Match()));
        }

        return new(builder.Build(), limits, hasBorder ? '\n' : -1);
    }

    // An "a", 15 octets of either kind, an "x": which of the last 16 octets were an "a" is what a state knows.
    private static LazyDfa Hostile(DfaLimits limits)
    {
        var builder = new NfaBuilder(100);
        var end = builder.Set(ByteSet.Of('x'), builder.Match());
        builder.Start(builder.Set(ByteSet.Of('a'), builder.Repeat(15, 15, end, n => builder.Set(ByteSet.Of('a') | ByteSet.Of('b'), n))));
        return new(builder.Build(), limits);
    }

    private static string Noise(int length)
    {
        var random = new Random(7);
        return new([.. Enumerable.Range(0, length).Select(_ => random.Next(2) == 0 ? 'a' : 'b')]);
    }

    private static bool IsMatch(LazyDfa dfa, string text) => new Places(text, hasBorder: false).Ends(dfa).Any();

    private static int Read(LazyDfa dfa, string text)
    {
        var (state, made) = (dfa.Start, 0);
        for (var at = 0; at <= text.Length; at++)
        {
            state = dfa.Next(state, at < text.Length ? dfa.ClassOf[(byte)text[at]] : dfa.End, at, ref made);
        }

        return made;
    }
}
