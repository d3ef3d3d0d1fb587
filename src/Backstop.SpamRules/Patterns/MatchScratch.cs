namespace Backstop.SpamRules.Patterns;

/// <summary>An alternative not tried yet, or what has to be undone when going back. The kind decides what the fields mean.</summary>
internal readonly record struct Frame(int Kind, int A, int B, int C);

/// <summary>What a <see cref="BacktrackingMatcher"/> remembers while it looks for a match. Used again and again by one thread.</summary>
internal sealed class MatchScratch
{
    // Kinds of frames from 0 are instructions to go on at.
    public const int Greedy = -1;
    public const int Lazy = -2;
    public const int Marked = -3;
    public const int Widths = -4;
    public const int Again = -5;
    private const int Slot = -6;
    private const int LoopState = -7;
    private const int CallState = -8;

    /// <summary>The most alternatives that are kept: 4 MB.</summary>
    private const int MaxFrames = 256 * 1024;
    private const int KeptFrames = 16 * 1024;

    [ThreadStatic]
    private static MatchScratch? _ofThread;

    private readonly List<CallLevel> _calls = [];
    private Frame[] _frames = new Frame[256];
    private int[] _slots = [];
    private (int Count, int Start)[] _loops = [];
    private ulong[]? _failed;
    private CallLevel _call = CallLevel.Outermost;
    private int _count;
    private int _mark;

    /// <summary>Where the search began.</summary>
    public int From { get; private set; }

    public bool AfterEmpty { get; private set; }

    public bool IsMarked => _mark >= 0;

    public int MarkedPc => _frames[_mark].B;

    public int MarkedAt => _frames[_mark].C;

    public (int Start, int End) Whole => (_slots[0], _slots[1]);

    /// <summary>What each group holds, by its number; null: nothing.</summary>
    public string?[] Texts(string text)
    {
        var texts = new string?[_slots.Length / 3];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = Group([i]) is (var start, var end) ? text[start..end] : null;
        }

        return texts;
    }

    /// <summary>Takes the scratch of this thread, so that no other search uses it.</summary>
    public static MatchScratch Take()
    {
        var scratch = _ofThread ?? new MatchScratch();
        _ofThread = null;
        return scratch;
    }

    public void GiveBack()
    {
        if (_frames.Length > KeptFrames)
        {
            _frames = new Frame[256];
        }

        _failed = null;
        _ofThread = this;
    }

    public void Prepare(PatternProgram program, int from, bool afterEmpty)
    {
        (From, AfterEmpty, _failed) = (from, afterEmpty, null);
        if (_slots.Length != program.Slots)
        {
            _slots = new int[program.Slots];
        }

        if (_loops.Length != program.Loops)
        {
            _loops = new (int, int)[program.Loops];
        }
    }

    public void Begin(int start)
    {
        (_count, _mark, _call) = (0, -1, CallLevel.Outermost);
        _calls.Clear();
        Array.Fill(_slots, -1);
        _slots[0] = start;
    }

    public void End(int at) => _slots[1] = at;

    public void Push(int kind, int a, int b, int c)
    {
        if (_count == _frames.Length)
        {
            if (_count >= MaxFrames)
            {
                throw new StepsSpentException();
            }

            Array.Resize(ref _frames, _count * 2);
        }

        _frames[_count++] = new(kind, a, b, c);
    }

    public bool TryPop(out Frame frame)
    {
        if (_count == 0)
        {
            frame = default;
            return false;
        }

        frame = _frames[--_count];
        return true;
    }

    /// <summary>Where the first of some groups that has matched begins and ends; null: none has.</summary>
    public (int Start, int End)? Group(int[] numbers)
    {
        foreach (var number in numbers)
        {
            if (_slots[(number * 2) + 1] >= 0)
            {
                return (_slots[number * 2], _slots[(number * 2) + 1]);
            }
        }

        return null;
    }

    public void Save(int slot, int at)
    {
        Push(Slot, slot, _slots[slot], 0);
        _slots[slot] = at;
    }

    /// <summary>A group ends: only now does it hold something else than before.</summary>
    public void EndGroup(int group, int opened, int at)
    {
        Save(group * 2, _slots[opened]);
        Save((group * 2) + 1, at);
    }

    public void SetLoop(int loop, int count, int start)
    {
        Push(LoopState, loop, _loops[loop].Count, _loops[loop].Start);
        _loops[loop] = (count, start);
    }

    /// <summary>Where to go on at the head of a loop. A round that reads nothing is the last, if there were enough.</summary>
    public int EnterLoop(in PatternOp op, RepeatBounds bounds, int pc, int at)
    {
        var (count, start) = _loops[op.A];
        if (count < bounds.Min)
        {
            return IterateLoop(op.A, pc, at);
        }

        if (count >= bounds.Max || (count > 0 && start == at))
        {
            return op.B;
        }

        if (bounds.Greediness == Greediness.Lazy)
        {
            Push(Again, pc, at, 0);
            return op.B;
        }

        Push(op.B, at, 0, 0);
        return IterateLoop(op.A, pc, at);
    }

    public int IterateLoop(int loop, int pc, int at)
    {
        SetLoop(loop, _loops[loop].Count + 1, at);
        return pc + 1;
    }

    public void Mark(int pc, int at)
    {
        Push(Marked, _mark, pc, at);
        _mark = _count - 1;
    }

    /// <summary>
    /// Called when the search goes back out of a mark, because its content has failed. True if that was wanted, as in a negative look
    /// around: the search goes on behind it.
    /// </summary>
    public bool Unmark(Frame frame, MarkKind kind, out int at)
    {
        _mark = frame.A;
        at = frame.C;
        return kind is MarkKind.NotAhead or MarkKind.NotBehind;
    }

    /// <summary>Called when a mark's content has matched; its other alternatives are dropped. False if it must not match.</summary>
    public bool Cut(MarkKind kind, ref int at, ref int left)
    {
        var mark = _mark;
        var begun = _frames[mark];
        if (kind is MarkKind.Behind or MarkKind.NotBehind && at != begun.C)
        {
            return false;
        }

        left -= (_count - mark) >> 3;
        _mark = begun.A;
        if (kind is MarkKind.NotAhead or MarkKind.NotBehind)
        {
            while (_count > mark)
            {
                if (_frames[--_count].Kind <= Slot)
                {
                    Restore(_frames[_count]);
                }
            }

            return false;
        }

        var kept = mark;
        for (var i = mark + 1; i < _count; i++)
        {
            if (_frames[i].Kind <= Slot)
            {
                _frames[kept++] = _frames[i];
            }
        }

        _count = kept;
        at = kind == MarkKind.Atomic ? at : begun.C;
        return true;
    }

    public void Restore(Frame frame)
    {
        switch (frame.Kind)
        {
            case Slot:
                _slots[frame.A] = frame.B;
                break;
            case LoopState:
                _loops[frame.A] = (frame.B, frame.C);
                break;
            case CallState:
                var level = _calls[frame.A];
                _call = level;
                if (frame.B >= 0)
                {
                    _calls[frame.B].CopyTo(_slots, _loops);
                }

                _calls.RemoveRange(frame.A, _calls.Count - frame.A);
                break;
        }
    }

    public bool Returns(int group) => _call.Group == group;

    public bool IsCalled(int group) => group < 0 ? _call.Group >= 0 : _call.Group == group;

    /// <summary>Begins to match a group (0: the pattern) from elsewhere. False: calls are nested too deeply.</summary>
    public bool Call(int group, int returnTo, int maxDepth, ref int left)
    {
        left -= 8;
        if (_call.Depth >= maxDepth)
        {
            return false;
        }

        Push(CallState, _calls.Count, -1, 0);
        _calls.Add(_call);
        _call = new CallLevel(group, returnTo, _call, _slots, _loops);
        return true;
    }

    /// <summary>Ends a call: groups and loops are what they were before.</summary>
    public int Return(ref int left)
    {
        left -= 8;
        var ended = _call;
        Push(CallState, _calls.Count, _calls.Count + 1, 0);
        _calls.Add(ended);
        _calls.Add(new CallLevel(-1, 0, null, _slots, _loops));
        ended.CopyTo(_slots, _loops);
        _call = ended.Caller!;
        return ended.ReturnTo;
    }

    /// <summary>Notes that the search goes on somewhere. False: it has done so before, and failed.</summary>
    public bool Remember(int pc, int at, int ops, int length, long max, ref int left)
    {
        var bits = (long)ops * (length + 1);
        if (bits > max)
        {
            return true;
        }

        if (_failed is null)
        {
            // The notes are cleared memory: a step for each of their words.
            left -= (int)(bits >> 6);
            _failed = new ulong[(bits >> 6) + 1];
        }

        var bit = ((long)pc * (length + 1)) + at;
        ref var word = ref _failed[bit >> 6];
        var isNew = (word & (1UL << (int)(bit & 63))) == 0;
        word |= 1UL << (int)(bit & 63);
        return isNew;
    }

    /// <summary>A call under way, with the groups and loops of its caller.</summary>
    private sealed class CallLevel
    {
        private readonly int[] _slots;
        private readonly (int Count, int Start)[] _loops;

        public CallLevel(int group, int returnTo, CallLevel? caller, int[] slots, (int Count, int Start)[] loops)
        {
            (Group, ReturnTo, Caller, Depth) = (group, returnTo, caller, (caller?.Depth ?? 0) + 1);
            (_slots, _loops) = ([.. slots], [.. loops]);
        }

        public static CallLevel Outermost { get; } = new(-1, 0, null, [], []);

        public int Group { get; }

        public int ReturnTo { get; }

        public CallLevel? Caller { get; }

        public int Depth { get; }

        public void CopyTo(int[] slots, (int Count, int Start)[] loops)
        {
            _slots.CopyTo(slots, 0);
            _loops.CopyTo(loops, 0);
        }
    }
}
