using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// What every match of a pattern must hold one behind the other: runs of octets, and what may stand between them. A text without them
/// is ruled out before the pattern is compiled: of the dozens of forms of a Received field, mail of ordinary servers then needs a few.
/// </summary>
/// <remarks>
/// A necessary condition only: whatever is not understood counts as anything. A character beyond ASCII counts as a member of every set,
/// so that the texts may be octets or Unicode.
/// </remarks>
internal sealed class RequiredOrder
{
    private const int LongestRun = 24;

    private readonly List<Step> _steps = [];
    private bool _isAnchored;

    private RequiredOrder()
    {
    }

    /// <summary>
    /// The order for a pattern; null where there is nothing to look for, or one run that may stand anywhere, which
    /// <see cref="RequiredLiterals"/> finds sooner.
    /// </summary>
    public static RequiredOrder? Of(PatternNode pattern)
    {
        var order = new RequiredOrder();
        var parts = pattern is PatternNode.Concat concat ? concat.Parts : [pattern];
        order._isAnchored = parts is [PatternNode.Assertion { Kind: AssertionKind.TextStart }, ..];
        var (run, gap) = (new List<ByteSet>(), order._isAnchored ? default(ByteSet) : ByteSet.All);
        foreach (var part in parts)
        {
            order.Take(part, run, ref gap);
        }

        order.EndRun(run, ref gap, default);
        return order._steps.Count > (order._isAnchored ? 0 : 1) ? order : null;
    }

    /// <summary>Whether a text may hold a match that begins at a place or behind it.</summary>
    public bool MayMatch(ReadOnlySpan<char> text, int start)
    {
        if (_isAnchored && start > 0)
        {
            return true;
        }

        // Behind a place that is not the only one possible, no gap rules a later place out.
        var (at, isCertain) = (start, _isAnchored);
        foreach (var step in _steps)
        {
            if (!TryFind(text, step, ref at, ref isCertain))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryFind(ReadOnlySpan<char> text, Step step, ref int at, ref bool isCertain)
    {
        for (; at + step.Run.Length <= text.Length; at++)
        {
            if (Fits(text[at..], step.Run))
            {
                isCertain &= step.IsDistinct && text[at] < 0x80;
                at += step.Run.Length;
                return true;
            }

            if (isCertain && text[at] < 0x80 && !step.Gap.Contains(text[at]))
            {
                return false;
            }

            isCertain &= text[at] < 0x80;
        }

        return false;
    }

    private static bool Fits(ReadOnlySpan<char> text, ByteSet[] run)
    {
        for (var i = 0; i < run.Length; i++)
        {
            if (text[i] < 0x80 && !run[i].Contains(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private void Take(PatternNode part, List<ByteSet> run, ref ByteSet gap)
    {
        switch (part)
        {
            case PatternNode.Set set when run.Count < LongestRun:
                run.Add(set.Bytes);
                break;
            case PatternNode.Assertion:
                break;
            case PatternNode.Capture capture:
                Take(capture.Body, run, ref gap);
                break;
            case PatternNode.Concat concat:
                foreach (var inner in concat.Parts)
                {
                    Take(inner, run, ref gap);
                }

                break;
            case PatternNode.Repeat { Body: PatternNode.Set set } repeat:
                for (var i = 0; i < repeat.Min && run.Count < LongestRun; i++)
                {
                    run.Add(set.Bytes);
                }

                // How often it may come is not counted: a gap is as long as it likes.
                EndRun(run, ref gap, set.Bytes);
                break;
            default:
                if (PatternFirst.Of(part) is { } first && run.Count < LongestRun)
                {
                    run.Add(first);
                }

                EndRun(run, ref gap, ByteSet.All);
                break;
        }
    }

    private void EndRun(List<ByteSet> run, ref ByteSet gap, ByteSet next)
    {
        if (run.Count == 0)
        {
            gap |= next;
            return;
        }

        _steps.Add(new(gap, [.. run], (gap & run[0]).IsEmpty));
        run.Clear();
        gap = next;
    }

    /// <summary>A run of octets, and what may stand before it.</summary>
    /// <param name="Gap">The octets that may stand between the run before and this one.</param>
    /// <param name="Run">A set for each of its octets.</param>
    /// <param name="IsDistinct">No octet of the gap begins the run: the first that is not of the gap is where it stands.</param>
    private readonly record struct Step(ByteSet Gap, ByteSet[] Run, bool IsDistinct);
}
