namespace Backstop.SpamRules.Patterns;

/// <summary>Whether a part of a pattern can, or must, match nothing at all.</summary>
internal static class PatternWidth
{
    /// <summary>It matches the empty text somewhere.</summary>
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

    /// <summary>It matches nothing but the empty text.</summary>
    public static bool IsAlwaysEmpty(PatternNode node) => node switch
    {
        PatternNode.Set or PatternNode.Backreference => false,
        PatternNode.Concat concat => concat.Parts.All(IsAlwaysEmpty),
        PatternNode.Alternate alternate => alternate.Choices.All(IsAlwaysEmpty),
        PatternNode.Repeat repeat => repeat.Max == 0 || IsAlwaysEmpty(repeat.Body),
        PatternNode.Capture capture => IsAlwaysEmpty(capture.Body),
        PatternNode.Atomic atomic => IsAlwaysEmpty(atomic.Body),
        _ => true,
    };
}
