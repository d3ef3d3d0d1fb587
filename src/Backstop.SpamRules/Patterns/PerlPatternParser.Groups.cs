namespace Backstop.SpamRules.Patterns;

/// <summary>Groups: what stands within parentheses.</summary>
internal sealed partial class PerlPatternParser
{
    private PatternNode? Group()
    {
        if (AtEnd || _text[_at] != '?')
        {
            return _flags.HasFlag(Flags.NoCapture) ? Close(Alternation()) : Captured(null);
        }

        _at++;
        var c = AtEnd ? '\0' : _text[_at++];
        switch (c)
        {
            case '#':
                _at = _text.IndexOf(')', _at) is var close and >= 0 ? close + 1 : throw new PatternException("comment without end");
                return null;
            case ':':
                return Close(Alternation());
            case '>':
                return new PatternNode.Atomic(Close(Alternation()));
            case '=' or '!':
                return new PatternNode.Look(Close(Alternation()), IsAhead: true, c == '!');
            case '<' when !AtEnd && _text[_at] is '=' or '!':
                var negative = _text[_at++] == '!';
                return new PatternNode.Look(Close(Alternation()), IsAhead: false, negative);
            case '|':
                return BranchReset();
            case '<' or '\'':
                return Captured(Name(c == '<' ? '>' : '\''));
            case 'P' when !AtEnd && _text[_at] == '<':
                _at++;
                return Captured(Name('>'));
            case 'P' when !AtEnd && _text[_at] == '=':
                _at++;
                return new PatternNode.Backreference(0, Name(')'), _flags.HasFlag(Flags.IgnoreCase));
            default:
                _at--;
                return FlagGroup();
        }
    }

    private PatternNode.Capture Captured(string? name)
    {
        var number = ++_captures;
        return new PatternNode.Capture(Close(Alternation()), number, name);
    }

    /// <summary><c>(?|…)</c>: the alternatives number their groups alike.</summary>
    private PatternNode BranchReset()
    {
        var first = _captures;
        var most = first;
        var choices = new List<PatternNode>();
        do
        {
            _captures = first;
            choices.Add(Sequence());
            most = Math.Max(most, _captures);
        }
        while (!AtEnd && _text[_at] == '|' && ++_at > 0);

        _captures = most;
        return Close(new PatternNode.Alternate(choices));
    }

    private PatternNode? FlagGroup()
    {
        var flags = _flags;
        var on = true;
        while (!AtEnd)
        {
            var c = _text[_at++];
            switch (c)
            {
                case '^':
                    flags = Flags.None;
                    break;
                case '-':
                    on = false;
                    break;
                case ')':
                    _flags = flags;
                    return null;
                case ':':
                    var outer = _flags;
                    _flags = flags;
                    var body = Close(Alternation());
                    _flags = outer;
                    return body;
                default:
                    flags = Set(flags, c, on);
                    break;
            }
        }

        throw new PatternException("group without end");
    }

    private static Flags Set(Flags flags, char c, bool on)
    {
        var flag = c switch
        {
            'i' => Flags.IgnoreCase,
            'm' => Flags.Multiline,
            's' => Flags.DotAll,
            'x' => Flags.Extended,
            'n' => Flags.NoCapture,
            'a' or 'u' or 'l' or 'd' or 'p' or 'o' or 'g' or 'c' => Flags.None,
            _ => throw new PatternException($"(?{c} is not supported"),
        };
        return on ? flags | flag : flags & ~flag;
    }

    private PatternNode Close(PatternNode node)
    {
        if (AtEnd || _text[_at] != ')')
        {
            throw new PatternException("group without end");
        }

        _at++;
        return node;
    }

    private string Name(char end)
    {
        var close = _text.IndexOf(end, _at);
        if (close < 0)
        {
            throw new PatternException("name without end");
        }

        var name = _text[_at..close];
        _at = close + 1;
        return name;
    }
}
