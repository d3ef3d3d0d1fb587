namespace Backstop.SpamRules.Patterns;

/// <summary>Groups: what stands within parentheses.</summary>
internal sealed partial class PerlPatternParser
{
    private PatternNode? Group()
    {
        if (!AtEnd && _text[_at] == '*')
        {
            return Verb();
        }

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
                return Ahead(c == '!');
            case '<' when !AtEnd && _text[_at] is '=' or '!':
                return Behind(_text[_at++] == '!');
            case '(':
                return Conditional();
            case 'R' or '&':
            case 'P' when !AtEnd && _text[_at] == '>':
            case '+' or '-' when !AtEnd && char.IsAsciiDigit(_text[_at]):
            case >= '0' and <= '9':
                return Call(c);
            case '|':
                return BranchReset();
            case '<' or '\'':
                return Captured(Name(c == '<' ? '>' : '\''));
            case 'P' when !AtEnd && _text[_at] == '<':
                _at++;
                return Captured(Name('>'));
            case 'P' when !AtEnd && _text[_at] == '=':
                _at++;
                return Reference(0, Name(')'));
            default:
                _at--;
                return FlagGroup();
        }
    }

    private PatternNode.Capture Captured(string? name)
    {
        if (name is not null && (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(Text.PerlText.IsWord)))
        {
            throw new PatternException($"'{name}' cannot be the name of a group");
        }

        _ = name is null || _names.Add(name);
        var number = ++_captures;
        return new PatternNode.Capture(Close(Alternation()), number, name);
    }

    private PatternNode.Look Ahead(bool isNegative) => new(LookedAt(), IsAhead: true, isNegative);

    private PatternNode.Look Behind(bool isNegative)
    {
        const int longest = 255;
        var body = LookedAt();
        return PatternWidth.Of(body).Max <= longest
            ? new PatternNode.Look(body, IsAhead: false, isNegative)
            : throw new PatternException($"looks back by more than {longest} octets");
    }

    private PatternNode LookedAt()
    {
        var keeps = _keeps;
        var body = Close(Alternation());
        return keeps == _keeps ? body : throw new PatternException("\\K in a look around");
    }

    /// <summary><c>(?R)</c>, <c>(?1)</c>, <c>(?-1)</c>, <c>(?&amp;name)</c>, <c>(?P&gt;name)</c>: a group again, as a pattern.</summary>
    private PatternNode.Call Call(char first)
    {
        _at += first == 'P' ? 1 : 0;
        var text = Name(')');
        if (first is '&' or 'P')
        {
            _references.Add((0, text));
            return new PatternNode.Call(0, text);
        }

        var number = first == 'R' ? 0 : Number(char.IsAsciiDigit(first) ? first + text : text);
        number = first switch { '+' => _captures + number, '-' => _captures + 1 - number, _ => number };
        if (number < 0 || (number == 0 && first is '+' or '-') || (first == 'R' && text.Length > 0))
        {
            throw new PatternException($"(?{first}{text}): there is no such group");
        }

        _references.Add((number, null));
        return new PatternNode.Call(number, null);
    }

    /// <summary><c>(?(condition)yes|no)</c>; the condition is a group, a call, a look around, or DEFINE.</summary>
    private PatternNode Conditional()
    {
        if (!AtEnd && _text[_at] == '?')
        {
            return Group() is PatternNode.Look look
                ? Choices(look, (then, other) => new PatternNode.Alternate(
                    [new PatternNode.Concat([look, then]), new PatternNode.Concat([look with { IsNegative = !look.IsNegative }, other])]))
                : throw new PatternException("a condition is a group, a call or a look around");
        }

        var condition = Name(')');
        if (condition == "DEFINE")
        {
            return Choices(null, (then, _) => new PatternNode.Repeat(then, 0, 0, Greediness.Greedy));
        }

        var isCall = condition.StartsWith('R');
        var name = isCall ? condition[1..].TrimStart('&') : condition;
        var isNamed = name.Length > 2 && (name[0], name[^1]) is ('<', '>') or ('\'', '\'');
        name = isNamed ? name[1..^1] : name;
        var isNumber = name.All(char.IsAsciiDigit);
        var number = !isNumber ? 0
            : name.Length > 0 ? Number(name)
            : isCall ? -1 : throw new PatternException("a condition without a group");
        if (!isNumber && !isNamed && !isCall)
        {
            throw new PatternException($"'{condition}' is not a condition");
        }

        _references.Add(isNumber ? (number, null) : (0, name));
        return Choices(null, (then, other) => new PatternNode.Conditional(number, isNumber ? null : name, isCall, then, other));
    }

    private PatternNode Choices(PatternNode? condition, Func<PatternNode, PatternNode, PatternNode> make)
    {
        var flags = _flags;
        var then = Sequence();
        var other = new PatternNode.Concat([]);
        if (!AtEnd && _text[_at] == '|')
        {
            _at++;
            other = Sequence();
        }

        _flags = flags;
        return Close(make(then, other));
    }

    /// <summary><c>(*FAIL)</c> and the names of groups (<c>(*atomic:…)</c>).</summary>
    private PatternNode Verb()
    {
        var end = _text.AsSpan(_at).IndexOfAny(":)");
        var word = end < 0 ? throw new PatternException("quantifier follows nothing") : _text[(_at + 1)..(_at + end)];
        _at += end + 1;
        if (_text[_at - 1] == ')')
        {
            return word is "FAIL" or "F" ? new PatternNode.Set(default) : throw new PatternException($"(*{word}) is not supported");
        }

        return word switch
        {
            "atomic" => new PatternNode.Atomic(Close(Alternation())),
            "pla" or "positive_lookahead" => Ahead(isNegative: false),
            "nla" or "negative_lookahead" => Ahead(isNegative: true),
            "plb" or "positive_lookbehind" => Behind(isNegative: false),
            "nlb" or "negative_lookbehind" => Behind(isNegative: true),
            _ => throw new PatternException($"(*{word}:...) is not supported"),
        };
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
                    flags = c == 'x' && on && _text[_at - 2] == 'x' ? flags | Flags.ExtendedMore : Set(flags, c, on);
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
            'a' or 'u' or 'l' or 'd' or 'p' => Flags.None,
            'o' or 'g' or 'c' => throw new PatternException($"modifier {c} has no meaning here"),
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
