using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Patterns as an automaton. What is not regular (looking around, references, calls) is let pass, so it may accept more than the patterns.
/// </summary>
internal static class PatternAutomaton
{
    /// <summary>Beyond this a pattern has no automaton; the largest of SpamAssassin's rules has 43,006 states.</summary>
    private const int MaxStates = 60_000;

    private static readonly PatternNode _anything = new PatternNode.Repeat(new PatternNode.Set(ByteSet.All), 0, -1, Greediness.Greedy);

    // An end before a last line end cannot be told one octet ahead: it is let pass before every line end. The confirmation puts that right.
    private static readonly Dictionary<AssertionKind, Assertion> _assertions = new()
    {
        [AssertionKind.SearchStart] = Assertion.Where((_, _) => true),
        [AssertionKind.TextStart] = Assertion.Where((before, _) => before == Side.Edge),
        [AssertionKind.LineStart] = Assertion.Where((before, next) => before == Side.Edge || (before == Side.Newline && next != Side.Edge)),
        [AssertionKind.TextEndOrLastLine] = Assertion.Where((_, next) => next is Side.Edge or Side.Newline),
        [AssertionKind.LineEnd] = Assertion.Where((_, next) => next is Side.Edge or Side.Newline),
        [AssertionKind.TextEnd] = Assertion.Where((_, next) => next == Side.Edge),
        [AssertionKind.WordBoundary] = Assertion.Where((before, next) => (before == Side.Word) != (next == Side.Word)),
        [AssertionKind.NoWordBoundary] = Assertion.Where((before, next) => (before == Side.Word) == (next == Side.Word)),
    };

    /// <summary>Builds the automaton of some patterns; null if it would grow too large.</summary>
    public static Nfa? TryBuild(params IReadOnlyList<PatternNode> patterns)
    {
        var builder = new NfaBuilder(MaxStates);
        try
        {
            foreach (var pattern in patterns)
            {
                builder.Start(Compile(builder, pattern, builder.Match()), StartsAtText(pattern));
            }

            return builder.Build();
        }
        catch (NfaTooLargeException)
        {
            return null;
        }
    }

    private static int Compile(NfaBuilder builder, PatternNode node, int next) => node switch
    {
        PatternNode.Set set => builder.Set(set.Bytes, next),
        PatternNode.Concat concat => concat.Parts.Reverse().Aggregate(next, (n, part) => Compile(builder, part, n)),
        PatternNode.Alternate alternate => alternate.Choices.Select(c => Compile(builder, c, next)).Aggregate(builder.Fork),
        PatternNode.Repeat repeat => builder.Repeat(repeat.Min, repeat.Max, next, n => Compile(builder, repeat.Body, n)),
        PatternNode.Capture capture => Compile(builder, capture.Body, next),
        PatternNode.Atomic atomic => Compile(builder, atomic.Body, next),
        PatternNode.Assertion assertion => builder.Assert(_assertions[assertion.Kind], next),
        PatternNode.Conditional either => builder.Fork(Compile(builder, either.Then, next), Compile(builder, either.Else, next)),
        PatternNode.Backreference or PatternNode.Call => Compile(builder, _anything, next),
        _ => next,
    };

    /// <summary>Whether a match can begin only where the text begins.</summary>
    public static bool StartsAtText(PatternNode node) => node switch
    {
        PatternNode.Assertion { Kind: AssertionKind.TextStart } => true,
        PatternNode.Concat concat => concat.Parts.Count > 0 && StartsAtText(concat.Parts[0]),
        PatternNode.Alternate alternate => alternate.Choices.All(StartsAtText),
        PatternNode.Capture capture => StartsAtText(capture.Body),
        PatternNode.Atomic atomic => StartsAtText(atomic.Body),
        _ => false,
    };
}
