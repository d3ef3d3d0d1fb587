using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>The octets that a match of a part can begin with.</summary>
internal static class PatternFirst
{
    /// <summary>The octets; null if the part can match the empty text, or its beginning is not known.</summary>
    public static ByteSet? Of(PatternNode node) => Find(node) is { CanBeEmpty: false, IsKnown: true } found ? found.Set : null;

    private static Found Find(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Set set:
                return new(set.Bytes, CanBeEmpty: false);
            case PatternNode.Capture capture:
                return Find(capture.Body);
            case PatternNode.Atomic atomic:
                return Find(atomic.Body);
            case PatternNode.Look or PatternNode.Assertion:
                return new(default, CanBeEmpty: true);
            case PatternNode.Repeat { Max: 0 }:
                return new(default, CanBeEmpty: true);
            case PatternNode.Repeat repeat:
                var body = Find(repeat.Body);
                return body with { CanBeEmpty = body.CanBeEmpty || repeat.Min == 0 };
            case PatternNode.Concat concat:
                var all = new Found(default, CanBeEmpty: true);
                foreach (var part in concat.Parts)
                {
                    var next = Find(part);
                    all = new(all.Set | next.Set, next.CanBeEmpty, all.IsKnown && next.IsKnown);
                    if (!all.IsKnown || !all.CanBeEmpty)
                    {
                        break;
                    }
                }

                return all;
            case PatternNode.Alternate alternate:
                var any = new Found(default, CanBeEmpty: false);
                foreach (var choice in alternate.Choices)
                {
                    var next = Find(choice);
                    any = new(any.Set | next.Set, any.CanBeEmpty || next.CanBeEmpty, any.IsKnown && next.IsKnown);
                }

                return any;
            default:
                return new(default, CanBeEmpty: true, IsKnown: false);
        }
    }

    private readonly record struct Found(ByteSet Set, bool CanBeEmpty, bool IsKnown = true);
}
