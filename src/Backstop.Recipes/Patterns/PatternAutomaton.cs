using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>An expression as an automaton: <c>^^</c> is an assertion, <c>\/</c> a mark.</summary>
internal static class PatternAutomaton
{
    private static readonly Assertion _edge = Assertion.Where((before, next) => before == Side.Edge || next == Side.Edge);

    private static readonly Assertion _both = Assertion.Where((before, next) => before == Side.Edge && next == Side.Edge);

    public static Nfa Build(PatternNode node)
    {
        // An rcfile may be of any length, and its expressions grow no faster.
        var builder = new NfaBuilder(int.MaxValue);
        builder.Start(Compile(builder, node, builder.Match()));
        return builder.Build();
    }

    private static int Compile(NfaBuilder builder, PatternNode node, int next) => node switch
    {
        PatternNode.One one => builder.Set(one.Set, next),
        PatternNode.Edge edge => builder.Assert(edge.IsBoth ? _both : _edge, next),
        PatternNode.Split => builder.Mark(next),
        PatternNode.Sequence sequence => sequence.Parts.Reverse().Aggregate(next, (n, part) => Compile(builder, part, n)),
        PatternNode.Choice choice => choice.Options.Select(o => Compile(builder, o, next)).Aggregate(builder.Fork),
        PatternNode.Repeat repeat =>
            builder.Repeat(repeat.AtLeastOne ? 1 : 0, repeat.AtMostOne ? 1 : -1, next, n => Compile(builder, repeat.Inner, n)),
        _ => throw new NotSupportedException(node.GetType().Name),
    };
}
