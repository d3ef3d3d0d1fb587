using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>A bracketed class, <c>[</c> already read. POSIX classes are ASCII.</summary>
internal sealed class PerlClassParser(string text, int at, bool ignoreCase)
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

        var low = One();
        if (low.Count != 1 || _at + 1 >= text.Length || text[_at] != '-' || text[_at + 1] == ']')
        {
            return low;
        }

        var dash = _at++;
        var high = text[_at] == '[' && _at + 1 < text.Length && text[_at + 1] == ':' ? default : One();
        if (high.Count != 1)
        {
            _at = dash + 1;
            return low | ByteSet.Of('-');
        }

        var (from, to) = (low.Members().First(), high.Members().First());
        return from <= to ? ByteSet.Range(from, to) : throw new PatternException($"range out of order at {dash}");
    }

    private ByteSet One()
    {
        var c = text[_at++];
        if (c != '\\' || _at >= text.Length)
        {
            return ByteSet.Of((byte)c);
        }

        if (text[_at] == 'b')
        {
            _at++;
            return ByteSet.Of(8);
        }

        return text[_at] is 'p' or 'P' or 'N'
            ? throw new PatternException($"\\{text[_at]} is not supported")
            : PerlEscape.Read(text, ref _at);
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
