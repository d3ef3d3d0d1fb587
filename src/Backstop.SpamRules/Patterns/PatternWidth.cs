namespace Backstop.SpamRules.Patterns;

/// <summary>Whether a part of a pattern can, or must, match nothing at all.</summary>
internal static class PatternWidth
{
    /// <summary>Whether the part can match the empty text.</summary>
    public static bool CanBeEmpty(PatternNode node) => node switch
    {
        PatternNode.Set => false,
        PatternNode.Concat concat => concat.Parts.All(CanBeEmpty),
        PatternNode.Alternate alternate => alternate.Choices.Any(CanBeEmpty),
        PatternNode.Repeat repeat => repeat.Min == 0 || CanBeEmpty(repeat.Body),
        PatternNode.Capture capture => CanBeEmpty(capture.Body),
        PatternNode.Atomic atomic => CanBeEmpty(atomic.Body),
        _ => true,
    };

    /// <summary>Whether the part can match nothing but the empty text.</summary>
    public static bool IsAlwaysEmpty(PatternNode node) => node switch
    {
        PatternNode.Set or PatternNode.Backreference or PatternNode.Call or PatternNode.Conditional => false,
        PatternNode.Concat concat => concat.Parts.All(IsAlwaysEmpty),
        PatternNode.Alternate alternate => alternate.Choices.All(IsAlwaysEmpty),
        PatternNode.Repeat repeat => repeat.Max == 0 || IsAlwaysEmpty(repeat.Body),
        PatternNode.Capture capture => IsAlwaysEmpty(capture.Body),
        PatternNode.Atomic atomic => IsAlwaysEmpty(atomic.Body),
        _ => true,
    };

    /// <summary>
    /// How many octets it matches at least and at most; the greatest width of what has no limit is <see cref="int.MaxValue"/>.
    /// </summary>
    public static (int Min, int Max) Of(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Set:
                return (1, 1);
            case PatternNode.Concat concat:
                return concat.Parts.Select(Of).Aggregate((Min: 0, Max: 0), (sum, part) => (Sum(sum.Min, part.Min), Sum(sum.Max, part.Max)));
            case PatternNode.Alternate alternate:
                return (alternate.Choices.Min(c => Of(c).Min), alternate.Choices.Max(c => Of(c).Max));
            case PatternNode.Repeat repeat:
                var (min, max) = Of(repeat.Body);
                return (Product(min, repeat.Min), Product(max, repeat.Max < 0 ? int.MaxValue : repeat.Max));
            case PatternNode.Capture capture:
                return Of(capture.Body);
            case PatternNode.Atomic atomic:
                return Of(atomic.Body);
            case PatternNode.Conditional either:
                var (then, other) = (Of(either.Then), Of(either.Else));
                return (Math.Min(then.Min, other.Min), Math.Max(then.Max, other.Max));
            case PatternNode.Backreference or PatternNode.Call:
                return (0, int.MaxValue);
            default:
                return (0, 0);
        }
    }

    /// <summary>How many instructions it takes, about.</summary>
    public static int Parts(PatternNode node) => (int)Math.Min(int.MaxValue, node is PatternNode.Repeat { Body: not PatternNode.Set } repeat
        ? 2 + (Math.Max(1L, repeat.Max < 0 ? repeat.Min + 1L : repeat.Max) * Parts(repeat.Body))
        : 1 + PatternNode.Children(node).Sum(c => (long)Parts(c)));

    private static int Sum(int x, int y) => (int)Math.Min(int.MaxValue, (long)x + y);

    private static int Product(int x, int y) => x == 0 || y == 0 ? 0 : (int)Math.Min(int.MaxValue, (long)x * y);
}
