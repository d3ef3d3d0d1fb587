using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>Writes the <see cref="PatternProgram"/> of a pattern.</summary>
internal sealed class PatternProgramBuilder
{
    /// <summary>
    /// A small part that is repeated a few times is written out: without a counter, a failed place need not be tried again.
    /// </summary>
    private const int MaxWrittenOut = 120;

    private static readonly PatternNode _anything = new PatternNode.Set(ByteSet.All);
    private static readonly PatternNode _line = new PatternNode.Set(ByteSet.NotNewline);

    private readonly List<PatternOp> _ops = [];
    private readonly Dictionary<ByteSet, int> _sets = [];
    private readonly List<RepeatBounds> _repeats = [];
    private readonly List<int[]> _groups = [];
    private readonly Dictionary<string, List<int>> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<int, int> _entries = [];
    private int _captures;
    private int _loops;
    private bool _isMemorable = true;

    /// <summary>The program of a pattern.</summary>
    public static PatternProgram Build(PatternNode node)
    {
        var builder = new PatternProgramBuilder();
        builder.Collect(node);
        builder.Write(node);
        builder.Add(new(OpCode.Match));
        builder.ResolveCalls();
        builder.NoteFollowers();
        var first = PatternFirst.Of(node);
        return new PatternProgram
        {
            Ops = [.. builder._ops],
            Sets = builder.SetTable(),
            Repeats = [.. builder._repeats],
            Groups = [.. builder._groups],
            Slots = (builder._captures + 1) * 3,
            Loops = builder._loops,
            Start = StartOf(node),
            First = first is { } set && set != ByteSet.All ? Table(set) : null,
            IsMemorable = builder._isMemorable,
        };
    }

    private static MatchStart StartOf(PatternNode node) =>
        PatternAutomaton.StartsAtText(node) ? MatchStart.Text
        : node is PatternNode.Concat { Parts: [PatternNode.Repeat { Min: 0, Max: -1 } any, ..] } && any.Greediness != Greediness.Possessive
            ? any.Body == _anything ? MatchStart.Search : any.Body == _line ? MatchStart.Line : MatchStart.Anywhere
            : MatchStart.Anywhere;

    private void Collect(PatternNode node)
    {
        if (node is PatternNode.Capture capture)
        {
            _captures = Math.Max(_captures, capture.Number);
            if (capture.Name is not null)
            {
                (_names.TryGetValue(capture.Name, out var numbers) ? numbers : _names[capture.Name] = []).Add(capture.Number);
            }
        }

        _isMemorable &= node is not (PatternNode.Backreference or PatternNode.Conditional or PatternNode.Call);
        foreach (var child in PatternNode.Children(node))
        {
            Collect(child);
        }
    }

    private int Add(PatternOp op)
    {
        _ops.Add(op);
        return _ops.Count - 1;
    }

    private int SetIndex(ByteSet set)
    {
        if (!_sets.TryGetValue(set, out var index))
        {
            _sets[set] = index = _sets.Count;
        }

        return index;
    }

    private int IndexOf(ByteSet? set) => set is { } known ? SetIndex(known) : -1;

    private int GroupsOf(int number, string? name)
    {
        _groups.Add(name is null ? [number] : [.. _names.GetValueOrDefault(name) ?? []]);
        return _groups.Count - 1;
    }

    private void Write(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Set set:
                Add(set.Bytes.Count == 1 ? new(OpCode.Octet, set.Bytes.Members().First()) : new(OpCode.Set, SetIndex(set.Bytes)));
                break;
            case PatternNode.Concat concat:
                foreach (var part in concat.Parts)
                {
                    Write(part);
                }

                break;
            case PatternNode.Alternate alternate:
                WriteChoices(alternate.Choices);
                break;
            case PatternNode.Repeat repeat:
                WriteRepeat(repeat);
                break;
            case PatternNode.Capture capture:
                _entries.TryAdd(capture.Number, _ops.Count);
                var opened = ((_captures + 1) * 2) + capture.Number;
                Add(new(OpCode.Save, opened));
                Write(capture.Body);
                Add(new(OpCode.EndGroup, capture.Number, opened));
                break;
            case PatternNode.Atomic atomic:
                WriteMarked(MarkKind.Atomic, atomic.Body, 0, 0);
                break;
            case PatternNode.Look look:
                WriteLook(look);
                break;
            case PatternNode.Backreference reference:
                Add(new(OpCode.Reference, GroupsOf(reference.Number, reference.Name), reference.IgnoreCase ? 1 : 0));
                break;
            case PatternNode.Assertion { Kind: AssertionKind.SearchStart }:
                Add(new(OpCode.SearchStart));
                break;
            case PatternNode.Assertion assertion:
                Add(new(OpCode.Assert, (int)assertion.Kind));
                break;
            case PatternNode.Conditional conditional:
                WriteConditional(conditional);
                break;
            case PatternNode.Call call:
                Add(new(OpCode.Call, call.Name is { } name ? _names[name][0] : call.Number));
                break;
        }
    }

    private void WriteChoices(IReadOnlyList<PatternNode> choices)
    {
        var firsts = choices.Select(PatternFirst.Of).ToArray();
        var rest = firsts.ToArray();
        for (var i = rest.Length - 2; i >= 0; i--)
        {
            rest[i] = rest[i] is { } set && rest[i + 1] is { } others ? set | others : null;
        }

        var ends = new List<int>();
        for (var i = 0; i < choices.Count - 1; i++)
        {
            var split = Add(default);
            Write(choices[i]);
            ends.Add(Add(default));
            _ops[split] = new(OpCode.Split, split + 1, _ops.Count, IndexOf(firsts[i]), IndexOf(rest[i + 1]));
        }

        Write(choices[^1]);
        foreach (var end in ends)
        {
            _ops[end] = new(OpCode.Jump, _ops.Count);
        }
    }

    private void WriteRepeat(PatternNode.Repeat repeat)
    {
        var bounds = new RepeatBounds(repeat.Min, repeat.Max < 0 ? int.MaxValue : repeat.Max, repeat.Greediness);
        if (repeat.Body is PatternNode.Set set)
        {
            _repeats.Add(bounds);
            Add(new(OpCode.Run, SetIndex(set.Bytes), _repeats.Count - 1, -1));
        }
        else if (repeat.Greediness == Greediness.Possessive)
        {
            WriteMarked(MarkKind.Atomic, repeat with { Greediness = Greediness.Greedy }, 0, 0);
        }
        else if (bounds.Max == 0)
        {
            // Groups within can still be called.
            var jump = Add(default);
            Write(repeat.Body);
            _ops[jump] = new(OpCode.Jump, _ops.Count);
        }
        else if (!PatternWidth.CanBeEmpty(repeat.Body) && IsSmall(repeat.Body, bounds))
        {
            WriteOut(repeat.Body, bounds);
        }
        else if (bounds is { Min: 0 or 1, Max: 1 })
        {
            WriteOut(repeat.Body, bounds);
        }
        else
        {
            WriteLoop(repeat.Body, bounds);
        }
    }

    private static bool IsSmall(PatternNode body, RepeatBounds bounds) =>
        (bounds.Max == int.MaxValue ? bounds.Min + 1L : bounds.Max) * PatternWidth.Parts(body) <= MaxWrittenOut;

    // x{2,4} is xx(?:x(?:x)?)?, x{2,} is xxx* and x* is a loop without a counter.
    private void WriteOut(PatternNode body, RepeatBounds bounds)
    {
        for (var i = 0; i < bounds.Min; i++)
        {
            Write(body);
        }

        var first = IndexOf(PatternFirst.Of(body));
        if (bounds.Max == int.MaxValue)
        {
            var split = Add(default);
            Write(body);
            Add(new(OpCode.Jump, split));
            _ops[split] = Choice(split, first, bounds.Greediness);
            return;
        }

        var splits = new List<int>();
        for (var i = bounds.Min; i < bounds.Max; i++)
        {
            splits.Add(Add(default));
            Write(body);
        }

        foreach (var split in splits)
        {
            _ops[split] = Choice(split, first, bounds.Greediness);
        }
    }

    private PatternOp Choice(int split, int first, Greediness greediness) => greediness == Greediness.Lazy
        ? new(OpCode.Split, _ops.Count, split + 1, -1, first)
        : new(OpCode.Split, split + 1, _ops.Count, first, -1);

    private void WriteLoop(PatternNode body, RepeatBounds bounds)
    {
        _isMemorable = false;
        var loop = _loops++;
        _repeats.Add(bounds);
        var number = _repeats.Count - 1;
        Add(new(OpCode.LoopStart, loop));
        var head = Add(default);
        Write(body);
        Add(new(OpCode.Jump, head));
        _ops[head] = new(OpCode.Loop, loop, _ops.Count, number);
    }

    private void WriteMarked(MarkKind kind, PatternNode body, int min, int max)
    {
        var mark = Add(default);
        Write(body);
        Add(new(OpCode.Cut, mark));
        _ops[mark] = new(OpCode.Mark, (int)kind, _ops.Count, min, max);
    }

    private void WriteLook(PatternNode.Look look)
    {
        if (look.IsAhead)
        {
            WriteMarked(look.IsNegative ? MarkKind.NotAhead : MarkKind.Ahead, look.Body, 0, 0);
            return;
        }

        var (min, max) = PatternWidth.Of(look.Body);
        WriteMarked(look.IsNegative ? MarkKind.NotBehind : MarkKind.Behind, look.Body, min, max);
    }

    private void WriteConditional(PatternNode.Conditional conditional)
    {
        var test = Add(default);
        Write(conditional.Then);
        var end = Add(default);
        var no = _ops.Count;
        _ops[test] = conditional.IsOfCall
            ? new(OpCode.IfCalled, conditional.Number, no)
            : new(OpCode.IfGroup, GroupsOf(conditional.Number, conditional.Name), no);
        Write(conditional.Else);
        _ops[end] = new(OpCode.Jump, _ops.Count);
    }

    private void ResolveCalls()
    {
        for (var i = 0; i < _ops.Count; i++)
        {
            if (_ops[i] is { Code: OpCode.Call } call)
            {
                _ops[i] = call with { B = call.A == 0 ? 0 : _entries[call.A] };
            }
        }
    }

    // A run gives back only to where what follows can begin.
    private void NoteFollowers()
    {
        for (var i = 0; i + 1 < _ops.Count; i++)
        {
            if (_ops[i].Code == OpCode.Run)
            {
                var next = _ops[i + 1];
                _ops[i] = _ops[i] with
                {
                    C = next.Code switch { OpCode.Octet => SetIndex(ByteSet.Of(next.A)), OpCode.Set => next.A, _ => -1 },
                };
            }
        }
    }

    private bool[] SetTable()
    {
        var table = new bool[_sets.Count * 256];
        foreach (var (set, index) in _sets)
        {
            Table(set).CopyTo(table, index * 256);
        }

        return table;
    }

    private static bool[] Table(ByteSet set)
    {
        var table = new bool[256];
        for (var i = 0; i < 256; i++)
        {
            table[i] = set.Contains(i);
        }

        return table;
    }
}
