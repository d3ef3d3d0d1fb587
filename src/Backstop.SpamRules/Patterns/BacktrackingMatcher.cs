namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Runs a <see cref="PatternProgram"/> over a text of <see cref="Text.Octets"/> as Perl does: of several ways the first that matches.
/// It counts its steps and looks at no clock, so that the result is the same under any load.
/// </summary>
internal sealed class BacktrackingMatcher(PatternProgram program)
{
    private const int DepthOfCalls = 400;

    /// <summary>Notes the places that failed from this step on: most searches end before, and the notes need memory.</summary>
    private const int RememberFrom = 4000;
    private const long MaxRemembered = 32L << 20;

    private readonly PatternOp[] _ops = program.Ops;
    private readonly bool[] _sets = program.Sets;

    /// <summary>Looks for the first match that begins at or behind a place.</summary>
    /// <param name="text">Octets, one a character.</param>
    /// <param name="from">Where the search begins.</param>
    /// <param name="afterEmpty">Whether the last match ended at <paramref name="from"/> and was empty: another empty one there
    /// does not count.</param>
    /// <param name="scratch">Receives the groups of the match.</param>
    /// <param name="steps">What may be spent; counts what was.</param>
    /// <exception cref="StepsSpentException">The steps are spent.</exception>
    public bool Find(string text, int from, bool afterEmpty, MatchScratch scratch, MatchSteps steps)
    {
        scratch.Prepare(program, from, afterEmpty);
        var allowed = steps.Next;
        var left = allowed;
        try
        {
            for (var at = NextStart(text, from, from, ref left); at >= 0; at = NextStart(text, at + 1, from, ref left))
            {
                if (Run(text, at, scratch, allowed, ref left))
                {
                    return true;
                }

                if (left < 0)
                {
                    throw new StepsSpentException();
                }
            }

            return false;
        }
        finally
        {
            steps.Take(allowed - left);
        }
    }

    private int NextStart(string text, int at, int from, ref int left)
    {
        switch (program.Start)
        {
            case MatchStart.Text when at > 0:
            case MatchStart.Search when at != from:
                return -1;
            case MatchStart.Text or MatchStart.Search:
                return at;
            case MatchStart.Line when at != from && at > 0:
                var line = at > text.Length ? -1 : text.IndexOf('\n', at - 1) + 1;
                at = line > 0 ? line : text.Length + 1;
                break;
        }

        if (program.First is { } first)
        {
            var began = at;
            while (at < text.Length && !first[(byte)text[at]])
            {
                at++;
            }

            left -= (at - began) >> 4;
            return at < text.Length ? at : -1;
        }

        return at <= text.Length ? at : -1;
    }

    private bool Run(string text, int start, MatchScratch scratch, int allowed, ref int left)
    {
        var ops = _ops;
        var sets = _sets;
        var (pc, at) = (0, start);
        scratch.Begin(start);
        while (true)
        {
            if (--left < 0)
            {
                return false;
            }

            ref readonly var op = ref ops[pc];
            var isAhead = true;
            switch (op.Code)
            {
                case OpCode.Octet:
                    isAhead = at < text.Length && (byte)text[at] == op.A;
                    at++;
                    pc++;
                    break;
                case OpCode.Set:
                    isAhead = at < text.Length && sets[(op.A << 8) | (byte)text[at]];
                    at++;
                    pc++;
                    break;
                case OpCode.Split:
                    isAhead = Split(op, text, at, sets, scratch, ref pc);
                    break;
                case OpCode.Jump:
                    pc = op.A;
                    break;
                case OpCode.Run:
                    isAhead = RunSet(op, pc, text, ref at, scratch, ref left);
                    pc++;
                    break;
                case OpCode.Assert:
                    isAhead = Holds((AssertionKind)op.A, text, at);
                    pc++;
                    break;
                case OpCode.SearchStart:
                    isAhead = at == scratch.From;
                    pc++;
                    break;
                case OpCode.Save:
                    scratch.Save(op.A, at);
                    pc++;
                    break;
                case OpCode.EndGroup:
                    scratch.EndGroup(op.A, op.B, at);
                    pc = scratch.Returns(op.A) ? scratch.Return(ref left) : pc + 1;
                    break;
                case OpCode.Reference:
                    isAhead = ReadReference(op, text, ref at, scratch, ref left);
                    pc++;
                    break;
                case OpCode.LoopStart:
                    scratch.SetLoop(op.A, 0, -1);
                    pc++;
                    break;
                case OpCode.Loop:
                    pc = scratch.EnterLoop(op, program.Repeats[op.C], pc, at);
                    break;
                case OpCode.Mark:
                    scratch.Mark(pc, at);
                    isAhead = (MarkKind)op.A is not (MarkKind.Behind or MarkKind.NotBehind);
                    if (!isAhead)
                    {
                        scratch.Push(MatchScratch.Widths, op.C, 0, 0);
                    }

                    pc++;
                    break;
                case OpCode.Cut:
                    isAhead = scratch.Cut((MarkKind)ops[op.A].A, ref at, ref left);
                    pc++;
                    break;
                case OpCode.IfGroup:
                    pc = scratch.Group(program.Groups[op.A]) is null ? op.B : pc + 1;
                    break;
                case OpCode.IfCalled:
                    pc = scratch.IsCalled(op.A) ? pc + 1 : op.B;
                    break;
                case OpCode.Call:
                    isAhead = scratch.Call(op.A, pc + 1, DepthOfCalls, ref left);
                    pc = op.B;
                    break;
                default:
                    if (scratch.Returns(0))
                    {
                        pc = scratch.Return(ref left);
                        break;
                    }

                    if (!(scratch.AfterEmpty && at == start && start == scratch.From))
                    {
                        scratch.End(at);
                        return true;
                    }

                    isAhead = false;
                    break;
            }

            if (!isAhead && !Back(text, scratch, allowed, ref pc, ref at, ref left))
            {
                return false;
            }
        }
    }

    private static bool Split(in PatternOp op, string text, int at, bool[] sets, MatchScratch scratch, ref int pc)
    {
        var next = at < text.Length ? (byte)text[at] : -1;
        var second = op.D < 0 || (next >= 0 && sets[(op.D << 8) | next]);
        if (op.C >= 0 && (next < 0 || !sets[(op.C << 8) | next]))
        {
            pc = op.B;
            return second;
        }

        if (second)
        {
            scratch.Push(op.B, at, 0, 0);
        }

        pc = op.A;
        return true;
    }

    private bool RunSet(in PatternOp op, int pc, string text, ref int at, MatchScratch scratch, ref int left)
    {
        var bounds = program.Repeats[op.B];
        var offset = op.A << 8;
        var limit = bounds.Max >= text.Length - at ? text.Length : at + bounds.Max;
        var end = bounds.Greediness == Greediness.Lazy ? Math.Min(limit, at + bounds.Min) : limit;
        var place = at;
        while (place < end && _sets[offset | (byte)text[place]])
        {
            place++;
        }

        left -= (place - at) >> 4;
        if (place - at < bounds.Min)
        {
            return false;
        }

        if (bounds.Greediness == Greediness.Lazy)
        {
            if (place < limit)
            {
                scratch.Push(MatchScratch.Lazy, pc, place, limit);
            }
        }
        else if (bounds.Greediness == Greediness.Greedy && place > at + bounds.Min)
        {
            scratch.Push(MatchScratch.Greedy, pc, at + bounds.Min, place - 1);
        }

        at = place;
        return true;
    }

    /// <summary>Goes back to the last place from which there is another way; false: there is none.</summary>
    private bool Back(string text, MatchScratch scratch, int allowed, ref int pc, ref int at, ref int left)
    {
        while (scratch.TryPop(out var frame))
        {
            if (--left < 0)
            {
                return false;
            }

            switch (frame.Kind)
            {
                case MatchScratch.Greedy:
                    if (!GiveBack(frame, text, scratch, ref left, out at))
                    {
                        continue;
                    }

                    pc = frame.A + 1;
                    break;
                case MatchScratch.Lazy:
                    if (!_sets[(_ops[frame.A].A << 8) | (byte)text[frame.B]])
                    {
                        continue;
                    }

                    at = frame.B + 1;
                    pc = frame.A + 1;
                    if (at < frame.C)
                    {
                        scratch.Push(MatchScratch.Lazy, frame.A, at, frame.C);
                    }

                    break;
                case MatchScratch.Marked:
                    var mark = _ops[frame.B];
                    if (!scratch.Unmark(frame, (MarkKind)mark.A, out at))
                    {
                        continue;
                    }

                    pc = mark.B;
                    return true;
                case MatchScratch.Widths:
                    var (begin, behind) = (scratch.MarkedAt - frame.A, _ops[scratch.MarkedPc]);
                    if (begin < 0 || frame.A > behind.D)
                    {
                        continue;
                    }

                    scratch.Push(MatchScratch.Widths, frame.A + 1, 0, 0);
                    (pc, at) = (scratch.MarkedPc + 1, begin);
                    return true;
                case MatchScratch.Again:
                    at = frame.B;
                    pc = scratch.IterateLoop(_ops[frame.A].A, frame.A, at);
                    return true;
                case >= 0:
                    (pc, at) = (frame.Kind, frame.A);
                    break;
                default:
                    scratch.Restore(frame);
                    continue;
            }

            if (program.IsMemorable && allowed - left > RememberFrom && !scratch.IsMarked
                && !scratch.Remember(pc, at, _ops.Length, text.Length, MaxRemembered, ref left))
            {
                continue;
            }

            return true;
        }

        return false;
    }

    private bool GiveBack(Frame frame, string text, MatchScratch scratch, ref int left, out int at)
    {
        var place = frame.C;
        var follower = _ops[frame.A].C;
        if (follower >= 0)
        {
            while (place >= frame.B && !_sets[(follower << 8) | (byte)text[place]])
            {
                place--;
            }

            left -= (frame.C - place) >> 3;
        }

        at = place;
        if (place < frame.B)
        {
            return false;
        }

        if (place > frame.B)
        {
            scratch.Push(MatchScratch.Greedy, frame.A, frame.B, place - 1);
        }

        return true;
    }

    private bool ReadReference(in PatternOp op, string text, ref int at, MatchScratch scratch, ref int left)
    {
        if (scratch.Group(program.Groups[op.A]) is not (var start, var end))
        {
            return false;
        }

        left -= (end - start) >> 3;
        for (var i = start; i < end; i++, at++)
        {
            if (at >= text.Length || !Same((byte)text[i], (byte)text[at], op.B == 1))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Same(byte x, byte y, bool ignoreCase) =>
        x == y || (ignoreCase && (x ^ y) == 0x20 && PerlSets.HasCase(x));

    private static bool Holds(AssertionKind kind, string text, int at) => kind switch
    {
        AssertionKind.TextStart => at == 0,
        AssertionKind.LineStart => at == 0 || (text[at - 1] == '\n' && at < text.Length),
        AssertionKind.TextEndOrLastLine => Text.PerlText.IsEnd(text, at),
        AssertionKind.LineEnd => at == text.Length || text[at] == '\n',
        AssertionKind.TextEnd => at == text.Length,
        AssertionKind.WordBoundary => Text.PerlText.IsBoundary(text, at),
        _ => !Text.PerlText.IsBoundary(text, at),
    };
}
