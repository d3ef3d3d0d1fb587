using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>A bracketed class, <c>[</c> already read. POSIX classes are ASCII.</summary>
internal sealed class PerlClassParser(string text, int at, bool ignoreCase, bool skipsBlanks = false)
{
    private readonly int _start = at - 1;
    private int _at = at;

    public ByteSet Parse(out int end)
    {
        var negated = _at < text.Length && text[_at] == '^';
        _at += negated ? 1 : 0;
        var set = default(ByteSet);
        var first = true;
        while (true)
        {
            if (_at >= text.Length)
            {
                throw new PatternException($"[ without ] at {_start}");
            }

            if (text[_at] == ']' && !first)
            {
                break;
            }

            if (skipsBlanks && text[_at] is ' ' or '\t')
            {
                _at++;
                continue;
            }

            set |= Item();
            first = false;
        }

        end = _at + 1;
        // Letters take their other case before the class is negated: [^u] is neither.
        set = ignoreCase ? set.IgnoringCase() : set;
        return negated ? ~set : set;
    }

    private ByteSet Item()
    {
        if (text[_at] == '[' && _at + 1 < text.Length && text[_at + 1] == ':'
            && text.IndexOf(":]", _at + 2, StringComparison.Ordinal) is var close and >= 0)
        {
            var name = text[(_at + 2)..close];
            _at = close + 2;
            return Posix(name);
        }

        var low = One(out var from);
        if (_at + 1 >= text.Length || text[_at] != '-' || text[_at + 1] == ']')
        {
            return low;
        }

        var dash = _at++;
        var to = -1;
        if (text[_at] == '[' && _at + 1 < text.Length && text[_at + 1] == ':')
        {
            _at++;
        }
        else
        {
            One(out to);
        }

        return from < 0 || to < 0 ? throw new PatternException($"a range at {dash} begins or ends with a class")
            : from <= to ? ByteSet.Range(Math.Min(from, 0x100), Math.Min(to, 0xFF))
            : throw new PatternException($"range out of order at {dash}");
    }

    /// <summary>Reads one item of the class: <paramref name="code"/> is the number of a single character, or -1 for several.</summary>
    private ByteSet One(out int code)
    {
        var c = text[_at++];
        if (c != '\\' || _at >= text.Length)
        {
            code = (byte)c;
            return ByteSet.Of(code);
        }

        switch (text[_at])
        {
            case 'b':
                _at++;
                code = 8;
                return ByteSet.Of(code);
            case 'p' or 'P':
                code = -1;
                var isNegated = text[_at++] == 'P';
                return PerlProperties.Read(text, ref _at, isNegated, ignoreCase);
            case 'd' or 'D' or 'w' or 'W' or 's' or 'S' or 'h' or 'H' or 'v' or 'V':
                code = -1;
                return PerlEscape.Read(text, ref _at);
            default:
                var set = PerlEscape.Read(text, ref _at);
                code = set.IsEmpty ? 0x100 : set.Members().First();
                return set;
        }
    }

    private static ByteSet Posix(string name)
    {
        var negated = name.StartsWith('^');
        var upper = ByteSet.Range('A', 'Z');
        var lower = ByteSet.Range('a', 'z');
        var set = name.TrimStart('^') switch
        {
            "alnum" => PerlSets.Digit | upper | lower,
            "alpha" => upper | lower,
            "ascii" => ByteSet.Range(0, 127),
            "blank" => ByteSet.Of(' ') | ByteSet.Of('\t'),
            "cntrl" => ByteSet.Range(0, 31) | ByteSet.Of(127),
            "digit" => PerlSets.Digit,
            "graph" => ByteSet.Range('!', '~'),
            "lower" => lower,
            "print" => ByteSet.Range(' ', '~'),
            "punct" => ByteSet.Range('!', '~') & ~(PerlSets.Digit | upper | lower),
            "space" => PerlSets.Space,
            "upper" => upper,
            "word" => ByteSet.Word,
            "xdigit" => PerlSets.Digit | ByteSet.Range('A', 'F') | ByteSet.Range('a', 'f'),
            var other => throw new PatternException($"[:{other}:] is not known"),
        };
        return negated ? ~set : set;
    }
}
