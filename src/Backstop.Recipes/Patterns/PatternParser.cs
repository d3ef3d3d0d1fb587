using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>
/// Reads procmail's own regular expressions (procmailrc(5), "Extended regular expressions"): no <c>{n}</c>, no named classes, one
/// postfix operator an atom.
/// </summary>
internal sealed class PatternParser(string pattern, bool ignoreCase)
{
    // A recipe of 2,048 octets cannot nest deeper by accident, and the reader must not run out of stack on purpose.
    private const int MaxDepth = 400;

    private int _at;
    private int _depth;

    /// <summary>False where a parenthesis has no partner. procmail says "Invalid regexp" and goes on with what it has read.</summary>
    public bool IsBalanced { get; private set; } = true;

    /// <summary>Whether <c>\/</c> occurs.</summary>
    public bool HasSplit { get; private set; }

    public PatternNode Parse()
    {
        var node = ParseChoice();

        // A stray ")" ends the expression.
        IsBalanced &= _at == pattern.Length;
        return node;
    }

    private PatternNode ParseChoice()
    {
        var options = new List<PatternNode> { ParseSequence() };
        while (_at < pattern.Length && pattern[_at] == '|')
        {
            _at++;
            options.Add(ParseSequence());
        }

        return options.Count == 1 ? options[0] : new PatternNode.Choice(options);
    }

    private PatternNode.Sequence ParseSequence()
    {
        var parts = new List<PatternNode>();
        while (_at < pattern.Length && pattern[_at] is not ('|' or ')'))
        {
            var atom = ParseAtom();
            parts.Add(_at < pattern.Length && pattern[_at] is '*' or '+' or '?' ? Repeated(atom) : atom);
        }

        return new(parts);
    }

    private PatternNode.Repeat Repeated(PatternNode atom)
    {
        var op = pattern[_at++];
        return new(atom, AtLeastOne: op == '+', AtMostOne: op == '?');
    }

    private PatternNode ParseAtom()
    {
        var c = pattern[_at++];
        switch (c)
        {
            case '(':
                return ParseGroup();
            case '.':
                return new PatternNode.One(ByteSet.NotNewline);
            case '[':
                return new PatternNode.One(ParseClass());
            case '$':
                return new PatternNode.One(ByteSet.Newline);
            case '^' when _at < pattern.Length && pattern[_at] == '^':
                _at++;
                return new PatternNode.Edge(IsBoth: SkipEdges());
            case '^':
                return new PatternNode.One(ByteSet.Newline);
            case '\\' when _at < pattern.Length:
                return ParseEscape();
            default:
                return Literal(c);
        }
    }

    // People ask so whether a variable is empty: a start that was matched is not matched again as the end.
    private bool SkipEdges()
    {
        var start = _at;
        while (pattern.AsSpan(_at).StartsWith("^^"))
        {
            _at += 2;
        }

        return _at > start;
    }

    private PatternNode ParseGroup()
    {
        if (++_depth > MaxDepth)
        {
            IsBalanced = false;
            _at = pattern.Length;
            return new PatternNode.Sequence([]);
        }

        var inner = ParseChoice();
        _depth--;
        if (_at < pattern.Length)
        {
            _at++;
        }
        else
        {
            IsBalanced = false;
        }

        return inner;
    }

    private PatternNode ParseEscape()
    {
        var c = pattern[_at++];
        switch (c)
        {
            case '/':
                HasSplit = true;
                return new PatternNode.Split();
            case '<' or '>':
                return new PatternNode.One(~ByteSet.Word);
            default:
                return Literal(c);
        }
    }

    private PatternNode.One Literal(char c) => new(Fold((byte)c));

    private ByteSet Fold(byte value) =>
        ignoreCase && char.IsAsciiLetter((char)value) ? ByteSet.Of(value) | ByteSet.Of(value ^ 0x20) : ByteSet.Of(value);

    // "]" is itself where it stands first, "-" where it stands first or last; a class that is never closed ends with the expression.
    private ByteSet ParseClass()
    {
        var set = default(ByteSet);
        var isNegated = _at < pattern.Length && pattern[_at] == '^';
        _at += isNegated ? 1 : 0;
        for (var first = true; _at < pattern.Length && (first || pattern[_at] != ']'); first = false)
        {
            var from = pattern[_at++];
            var to = from;
            if (_at + 1 < pattern.Length && pattern[_at] == '-' && pattern[_at + 1] != ']')
            {
                to = pattern[_at + 1];
                _at += 2;
            }

            // procmail: a range that runs backwards is its two ends.
            set |= Fold((byte)from) | Fold((byte)to);
            for (int c = from; c <= to; c++)
            {
                set |= Fold((byte)c);
            }
        }

        _at = Math.Min(_at + 1, pattern.Length);
        return isNegated ? (~set).Without('\n') : set;
    }
}
