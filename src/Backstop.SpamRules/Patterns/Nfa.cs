namespace Backstop.SpamRules.Patterns;

internal enum NfaOp : byte
{
    Set,
    Split,
    Assert,
    Match,
}

/// <summary>
/// A pattern as a nondeterministic automaton (Thompson, 1968). What is not regular (looking around, references) is let pass,
/// so the automaton may accept more than the pattern.
/// </summary>
internal sealed class Nfa
{
    /// <summary>Beyond this a pattern has no automaton; the largest of SpamAssassin's rules has 43,006 states.</summary>
    public const int MaxStates = 60_000;

    private readonly List<(NfaOp Op, int X, int Y)> _program = [];
    private readonly List<ByteSet> _sets = [];
    private readonly Dictionary<ByteSet, int> _setIndex = [];

    private Nfa()
    {
    }

    /// <summary>How many patterns it holds; the X of a Match is the number of the pattern.</summary>
    public int Patterns => Starts.Count;

    public bool HasAssertions { get; private set; }

    /// <summary>Entry of each pattern, and whether it can only match where the text begins.</summary>
    public List<(int Entry, bool IsAnchored)> Starts { get; } = [];

    public int Count => _program.Count;

    public (NfaOp Op, int X, int Y) this[int pc] => _program[pc];

    public ByteSet SetOf(int index) => _sets[index];

    /// <summary>Null when it would grow too large.</summary>
    public static Nfa? TryBuild(params IReadOnlyList<PatternNode> nodes)
    {
        var nfa = new Nfa();
        try
        {
            for (var i = 0; i < nodes.Count; i++)
            {
                nfa.Starts.Add((nfa.Compile(nodes[i], nfa.Emit(NfaOp.Match, i, 0)), StartsAtText(nodes[i])));
            }

            nfa._program.TrimExcess();
            nfa._setIndex.Clear();
            nfa._setIndex.TrimExcess();
            return nfa;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Octets that no part of the pattern tells apart share a class.</summary>
    public (byte[] ClassOf, byte[] Representative) Classes()
    {
        var sets = HasAssertions ? _sets.Append(ByteSet.Word).Append(ByteSet.Of('\n')).ToList() : _sets;
        var classOf = new byte[256];
        var representatives = new List<byte>();
        var known = new Dictionary<string, byte>(StringComparer.Ordinal);
        for (var b = 0; b < 256; b++)
        {
            var signature = string.Create(sets.Count, (sets, b), static (chars, state) =>
            {
                for (var i = 0; i < chars.Length; i++)
                {
                    chars[i] = state.sets[i].Contains(state.b) ? '1' : '0';
                }
            });
            if (!known.TryGetValue(signature, out var index))
            {
                index = (byte)representatives.Count;
                known[signature] = index;
                representatives.Add((byte)b);
            }

            classOf[b] = index;
        }

        return (classOf, [.. representatives]);
    }

    private static bool StartsAtText(PatternNode node) => node switch
    {
        PatternNode.Assertion { Kind: AssertionKind.TextStart } => true,
        PatternNode.Concat concat => concat.Parts.Count > 0 && StartsAtText(concat.Parts[0]),
        PatternNode.Alternate alternate => alternate.Choices.All(StartsAtText),
        PatternNode.Capture capture => StartsAtText(capture.Body),
        PatternNode.Atomic atomic => StartsAtText(atomic.Body),
        _ => false,
    };

    private int Emit(NfaOp op, int x, int y)
    {
        if (_program.Count >= MaxStates)
        {
            throw new InvalidOperationException("too large");
        }

        _program.Add((op, x, y));
        return _program.Count - 1;
    }

    /// <summary>Compiles from the end backwards; gives the entry.</summary>
    private int Compile(PatternNode node, int next)
    {
        switch (node)
        {
            case PatternNode.Set set:
                return Emit(NfaOp.Set, SetIndex(set.Bytes), next);
            case PatternNode.Concat concat:
                for (var i = concat.Parts.Count - 1; i >= 0; i--)
                {
                    next = Compile(concat.Parts[i], next);
                }

                return next;
            case PatternNode.Alternate alternate:
                var entry = Compile(alternate.Choices[^1], next);
                for (var i = alternate.Choices.Count - 2; i >= 0; i--)
                {
                    entry = Emit(NfaOp.Split, Compile(alternate.Choices[i], next), entry);
                }

                return entry;
            case PatternNode.Repeat repeat:
                return CompileRepeat(repeat, next);
            case PatternNode.Capture capture:
                return Compile(capture.Body, next);
            case PatternNode.Atomic atomic:
                return Compile(atomic.Body, next);
            case PatternNode.Assertion assertion:
                HasAssertions = true;
                return Emit(NfaOp.Assert, (int)assertion.Kind, next);
            case PatternNode.Backreference:
                return Compile(new PatternNode.Repeat(new PatternNode.Set(ByteSet.All), 0, -1, Greediness.Greedy), next);
            default:
                return next;
        }
    }

    private int CompileRepeat(PatternNode.Repeat repeat, int next)
    {
        int entry;
        if (repeat.Max < 0)
        {
            var loop = Emit(NfaOp.Split, 0, next);
            _program[loop] = (NfaOp.Split, Compile(repeat.Body, loop), next);
            entry = loop;
        }
        else
        {
            entry = next;
            for (var i = repeat.Min; i < repeat.Max; i++)
            {
                entry = Emit(NfaOp.Split, Compile(repeat.Body, entry), next);
            }
        }

        for (var i = 0; i < repeat.Min; i++)
        {
            entry = Compile(repeat.Body, entry);
        }

        return entry;
    }

    private int SetIndex(ByteSet set)
    {
        if (!_setIndex.TryGetValue(set, out var index))
        {
            _setIndex[set] = index = _sets.Count;
            _sets.Add(set);
        }

        return index;
    }
}
