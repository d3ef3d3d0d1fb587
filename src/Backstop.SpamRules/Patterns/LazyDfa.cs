using System.Runtime.InteropServices;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// The deterministic automaton of an <see cref="Nfa"/>, made state by state as texts need it: linear in the text whatever the
/// patterns. Shared by all threads; states are only ever added. When it is full its user throws it away and begins anew.
/// </summary>
internal sealed class LazyDfa
{
    private const int MaxStates = 4000;
    private const int MaxKernels = 600_000;

    // What stood before: an assertion needs it, nothing else does.
    private const int AtStart = 1;
    private const int AfterNewline = 2;
    private const int AfterWord = 4;

    /// <summary>No pattern can match any more.</summary>
    private static readonly State _dead = new([], 0, [], 0);
    private static readonly State _full = new([], -1, [], 0);

    private readonly Nfa _nfa;
    private readonly byte[] _classOf;
    private readonly byte[] _representative;
    private readonly HashSet<State> _known = [];
    private readonly Lock _lock = new();
    private readonly State _first;
    private int _kernels;

    public LazyDfa(Nfa nfa)
    {
        _nfa = nfa;
        (_classOf, _representative) = nfa.Classes();
        _first = new State([.. nfa.Starts.Select(s => (ushort)s.Entry)], nfa.HasAssertions ? AtStart : 0, [], End + 1);
    }

    private int End => _representative.Length;

    /// <summary>Does the text hold a match of any pattern? Null: the automaton is full.</summary>
    public bool? IsMatch(ReadOnlySpan<char> text)
    {
        var state = _first;
        var classOf = _classOf;
        for (var i = 0; i <= text.Length; i++)
        {
            var index = i < text.Length ? classOf[(byte)text[i]] : End;
            state = Volatile.Read(ref state.Next[index]) ?? Step(state, index);
            if (state.Matched.Length > 0)
            {
                return true;
            }

            if (state.Next.Length == 0)
            {
                return state.Equals(_full) ? null : false;
            }
        }

        return false;
    }

    /// <summary>Turns on the bit of every pattern that matches. False: the automaton is full.</summary>
    public bool TryFind(ReadOnlySpan<char> text, Span<ulong> found, ReadOnlySpan<int> numbers)
    {
        var state = _first;
        var classOf = _classOf;
        for (var i = 0; i <= text.Length; i++)
        {
            var index = i < text.Length ? classOf[(byte)text[i]] : End;
            state = Volatile.Read(ref state.Next[index]) ?? Step(state, index);
            foreach (var pattern in state.Matched)
            {
                var number = numbers[pattern];
                found[number >> 6] |= 1UL << (number & 63);
            }

            if (state.Next.Length == 0)
            {
                return state.Equals(_dead);
            }
        }

        return true;
    }

    /// <summary>As <see cref="IsMatch"/>, but no state is kept. For one thread and one text.</summary>
    public bool Simulate(ReadOnlySpan<char> text)
    {
        var state = _first;
        for (var i = 0; i <= text.Length; i++)
        {
            state = Compute(state, i < text.Length ? _classOf[(byte)text[i]] : End, keep: false);
            if (state.Matched.Length > 0 || state.Equals(_dead))
            {
                return state.Matched.Length > 0;
            }
        }

        return false;
    }

    private State Step(State state, int index)
    {
        lock (_lock)
        {
            if (state.Next[index] is { } known)
            {
                return known;
            }

            var next = Compute(state, index, keep: true);
            if (!next.Equals(_full))
            {
                Volatile.Write(ref state.Next[index], next);
            }

            return next;
        }
    }

    private State Compute(State state, int index, bool keep)
    {
        var octet = index == End ? -1 : _representative[index];
        var (following, matched) = (new List<int>(), new List<int>());
        var marks = Marks.Renewed(_nfa.Count);
        foreach (var pc in state.Kernel)
        {
            Close(pc, state.Before, octet, marks, following, matched);
        }

        if (octet >= 0)
        {
            foreach (var (entry, isAnchored) in _nfa.Starts)
            {
                if (!isAnchored && marks.SeesNext(entry))
                {
                    following.Add(entry);
                }
            }
        }

        if (following.Count == 0 && matched.Count == 0)
        {
            return _dead;
        }

        following.Sort();
        matched.Sort();
        var next = new State(Narrow(following), _nfa.HasAssertions ? Before(octet) : 0, [.. matched], keep ? End + 1 : 0);
        return keep ? Intern(next) : next;
    }

    private State Intern(State state)
    {
        if (_known.TryGetValue(state, out var known))
        {
            return known;
        }

        _kernels += state.Kernel.Length;
        if (_known.Count == MaxStates || _kernels > MaxKernels)
        {
            return _full;
        }

        _known.Add(state);
        return state;
    }

    /// <summary>Follows what needs no octet; gathers where <paramref name="octet"/> leads, and the patterns whose match ends here.</summary>
    private void Close(int start, int before, int octet, Marks marks, List<int> following, List<int> matched)
    {
        var depth = 0;
        var stack = marks.Stack;
        stack[depth++] = start;
        while (depth > 0)
        {
            var pc = stack[--depth];
            if (!marks.Sees(pc))
            {
                continue;
            }

            var (op, x, y) = _nfa[pc];
            switch (op)
            {
                case NfaOp.Match:
                    matched.Add(x);
                    break;
                case NfaOp.Split:
                    stack[depth++] = y;
                    stack[depth++] = x;
                    break;
                case NfaOp.Assert:
                    if (Holds((AssertionKind)x, before, octet))
                    {
                        stack[depth++] = y;
                    }

                    break;
                default:
                    if (octet >= 0 && _nfa.SetOf(x).Contains(octet) && marks.SeesNext(y))
                    {
                        following.Add(y);
                    }

                    break;
            }
        }
    }

    /// <summary>
    /// An end before a last line end cannot be told one octet ahead: it is let pass before every line end, which the
    /// confirmation puts right (<see cref="CompiledPattern"/>).
    /// </summary>
    private static bool Holds(AssertionKind kind, int before, int octet) => kind switch
    {
        AssertionKind.TextStart => (before & AtStart) != 0,
        AssertionKind.LineStart => (before & AtStart) != 0 || ((before & AfterNewline) != 0 && octet >= 0),
        AssertionKind.TextEndOrLastLine or AssertionKind.LineEnd => octet is -1 or '\n',
        AssertionKind.TextEnd => octet == -1,
        AssertionKind.WordBoundary => ((before & AfterWord) != 0) != IsWord(octet),
        _ => ((before & AfterWord) != 0) == IsWord(octet),
    };

    /// <summary>Half the memory: <see cref="Nfa.MaxStates"/> fits.</summary>
    private static ushort[] Narrow(List<int> states)
    {
        var narrow = new ushort[states.Count];
        for (var i = 0; i < narrow.Length; i++)
        {
            narrow[i] = (ushort)states[i];
        }

        return narrow;
    }

    private static int Before(int octet) => (octet == '\n' ? AfterNewline : 0) | (IsWord(octet) ? AfterWord : 0);

    private static bool IsWord(int octet) => octet >= 0 && ByteSet.Word.Contains(octet);

    /// <summary>What one step has seen. One for each thread, not each automaton: there are hundreds of them.</summary>
    private sealed class Marks
    {
        [ThreadStatic]
        private static Marks? _mine;

        private int[] _seen = [];
        private int[] _seenNext = [];
        private int _mark;

        public int[] Stack { get; private set; } = [];

        public static Marks Renewed(int count)
        {
            var mine = _mine ??= new Marks();
            if (mine._seen.Length < count || mine._mark == int.MaxValue)
            {
                (mine._seen, mine._seenNext, mine.Stack, mine._mark) = (new int[count], new int[count], new int[(count * 2) + 2], 0);
            }

            mine._mark++;
            return mine;
        }

        /// <summary>False where it was seen in this step.</summary>
        public bool Sees(int pc) => Sees(_seen, pc);

        /// <summary>As <see cref="Sees(int)"/>, of the states behind the octet.</summary>
        public bool SeesNext(int pc) => Sees(_seenNext, pc);

        private bool Sees(int[] marks, int pc)
        {
            if (marks[pc] == _mark)
            {
                return false;
            }

            marks[pc] = _mark;
            return true;
        }
    }

    /// <summary>Where the patterns stand, what stood before, the patterns a match of which ended on the way here, and where each class of octets leads.</summary>
    private sealed class State(ushort[] kernel, int before, int[] matched, int classes) : IEquatable<State>
    {
        public ushort[] Kernel { get; } = kernel;

        public int Before { get; } = before;

        public int[] Matched { get; } = matched;

        public State?[] Next { get; } = new State?[classes];

        public bool Equals(State? other) => other is not null && Before == other.Before && Kernel.AsSpan().SequenceEqual(other.Kernel) && Matched.AsSpan().SequenceEqual(other.Matched);

        public override bool Equals(object? obj) => Equals(obj as State);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(Kernel.AsSpan()));
            hash.AddBytes(MemoryMarshal.AsBytes(Matched.AsSpan()));
            hash.Add(Before);
            return hash.ToHashCode();
        }
    }
}
