using System.Globalization;
using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>A pattern that cannot be read, and where.</summary>
internal sealed class PatternException(string message) : Exception(message);

/// <summary>
/// Reads a Perl regular expression (perlre, 5.36) under <c>/aa</c>: classes are ASCII. What has no meaning for filtering
/// (recursion, code, conditionals, Unicode properties) is refused by name.
/// </summary>
internal sealed partial class PerlPatternParser
{
    private const int MaxNesting = 200;
    private const int MaxRepeat = 65535;

    private readonly string _text;
    private int _at;
    private int _captures;
    private int _nesting;
    private Flags _flags;

    private PerlPatternParser(string text, string modifiers)
    {
        _text = text;
        foreach (var c in modifiers)
        {
            _flags = Set(_flags, c, true);
        }
    }

    [Flags]
    private enum Flags
    {
        None = 0,
        IgnoreCase = 1,
        Multiline = 2,
        DotAll = 4,
        Extended = 8,
        NoCapture = 16,
    }

    private bool AtEnd => _at >= _text.Length;

    public static PatternNode Parse(string pattern, string modifiers = "")
    {
        var parser = new PerlPatternParser(pattern, modifiers);
        var node = parser.Alternation();
        return parser.AtEnd ? node : throw new PatternException($"unmatched ) at {parser._at}");
    }

    private PatternNode Alternation()
    {
        if (++_nesting > MaxNesting)
        {
            throw new PatternException("nested too deeply");
        }

        var flags = _flags;
        var choices = new List<PatternNode> { Sequence() };
        while (!AtEnd && _text[_at] == '|')
        {
            _at++;
            choices.Add(Sequence());
        }

        _flags = flags;
        _nesting--;
        return choices.Count == 1 ? choices[0] : new PatternNode.Alternate(choices);
    }

    private PatternNode.Concat Sequence()
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && _text[_at] is not ('|' or ')'))
        {
            if (SkipExtended() || Atom() is not { } atom)
            {
                continue;
            }

            parts.Add(Quantified(atom));
        }

        return new PatternNode.Concat(parts);
    }

    /// <summary>With /x blanks and comments count for nothing.</summary>
    private bool SkipExtended()
    {
        if (!_flags.HasFlag(Flags.Extended) || !(char.IsWhiteSpace(_text[_at]) || _text[_at] == '#'))
        {
            return false;
        }

        if (_text[_at] == '#')
        {
            var end = _text.IndexOf('\n', _at);
            _at = end < 0 ? _text.Length : end;
            return true;
        }

        _at++;
        return true;
    }

    private PatternNode Quantified(PatternNode atom)
    {
        while (!AtEnd && SkipExtended())
        {
        }

        if (!TryQuantifier(out var min, out var max))
        {
            return atom;
        }

        var greediness = Greediness.Greedy;
        if (!AtEnd && _text[_at] is '?' or '+')
        {
            greediness = _text[_at++] == '?' ? Greediness.Lazy : Greediness.Possessive;
        }

        return Quantified(new PatternNode.Repeat(atom, min, max, greediness));
    }

    private bool TryQuantifier(out int min, out int max)
    {
        (min, max) = (0, -1);
        if (AtEnd)
        {
            return false;
        }

        switch (_text[_at])
        {
            case '*':
                break;
            case '+':
                min = 1;
                break;
            case '?':
                max = 1;
                break;
            case '{' when TryBraces(out min, out max, out var end):
                _at = end;
                return true;
            default:
                return false;
        }

        _at++;
        return true;
    }

    private bool TryBraces(out int min, out int max, out int end)
    {
        (min, max) = (0, -1);
        end = _text.IndexOf('}', _at) + 1;
        if (end == 0)
        {
            return false;
        }

        var parts = _text[(_at + 1)..(end - 1)].Split(',');
        if (parts.Length > 2 || parts.Any(p => !p.All(char.IsAsciiDigit)) || parts.All(p => p.Length == 0))
        {
            return false;
        }

        min = parts[0].Length == 0 ? 0 : Number(parts[0]);
        max = parts.Length == 1 ? min : parts[1].Length == 0 ? -1 : Number(parts[1]);
        return max < 0 || min <= max ? true : throw new PatternException($"{{{min},{max}}} at {_at}");
    }

    private static int Number(string digits) =>
        digits.Length <= 5 && int.Parse(digits, CultureInfo.InvariantCulture) is var n and <= MaxRepeat
            ? n
            : throw new PatternException($"repeat count {digits}");

    /// <summary>Null for what matches nothing by itself: a comment, a change of flags.</summary>
    private PatternNode? Atom()
    {
        var c = _text[_at++];
        switch (c)
        {
            case '(':
                return Group();
            case '[':
                return new PatternNode.Set(new PerlClassParser(_text, _at, _flags.HasFlag(Flags.IgnoreCase)).Parse(out _at));
            case '.':
                return new PatternNode.Set(_flags.HasFlag(Flags.DotAll) ? ByteSet.All : ByteSet.NotNewline);
            case '^':
                return new PatternNode.Assertion(_flags.HasFlag(Flags.Multiline) ? AssertionKind.LineStart : AssertionKind.TextStart);
            case '$':
                return new PatternNode.Assertion(_flags.HasFlag(Flags.Multiline) ? AssertionKind.LineEnd : AssertionKind.TextEndOrLastLine);
            case '\\':
                return Escape();
            case '*' or '+' or '?':
                throw new PatternException($"quantifier follows nothing at {_at - 1}");
            default:
                return Literal((byte)c);
        }
    }

    private PatternNode.Set Literal(int value) => new(Fold(ByteSet.Of(value)));

    private ByteSet Fold(ByteSet set) => _flags.HasFlag(Flags.IgnoreCase) ? set.IgnoringCase() : set;

    private PatternNode? Escape()
    {
        if (AtEnd)
        {
            throw new PatternException("backslash at the end");
        }

        var c = _text[_at++];
        switch (c)
        {
            case 'b':
                return new PatternNode.Assertion(AssertionKind.WordBoundary);
            case 'B':
                return new PatternNode.Assertion(AssertionKind.NoWordBoundary);
            case 'A':
                return new PatternNode.Assertion(AssertionKind.TextStart);
            case 'Z':
                return new PatternNode.Assertion(AssertionKind.TextEndOrLastLine);
            case 'z':
                return new PatternNode.Assertion(AssertionKind.TextEnd);
            case 'Q':
                return Quoted();
            case 'E':
                return null;
            case 'R':
                return new PatternNode.Alternate(
                    [new PatternNode.Concat([Literal('\r'), Literal('\n')]), new PatternNode.Set(
                        ByteSet.Range('\n', '\r') | ByteSet.Of(0x85))]);
            case 'N':
                return new PatternNode.Set(ByteSet.NotNewline);
            case >= '1' and <= '9':
                return NumberedReference(c) is { } reference ? reference : Escaped();
            case 'g':
                return GroupReference();
            case 'k':
                var open = AtEnd ? '\0' : _text[_at++];
                return new PatternNode.Backreference(
                    0, Name(open switch { '<' => '>', '{' => '}', _ => '\'' }), _flags.HasFlag(Flags.IgnoreCase));
            case 'K' or 'G' or 'X' or 'C' or 'p' or 'P':
                throw new PatternException($"\\{c} is not supported");
            default:
                _at--;
                return Escaped();
        }
    }

    /// <summary>A single octet has two cases; a class such as \W has not.</summary>
    private PatternNode.Set Escaped()
    {
        var set = PerlEscape.Read(_text, ref _at);
        return new PatternNode.Set(set.Count == 1 ? Fold(set) : set);
    }

    private PatternNode.Concat Quoted()
    {
        var end = _text.IndexOf("\\E", _at, StringComparison.Ordinal);
        var quoted = end < 0 ? _text[_at..] : _text[_at..end];
        _at = end < 0 ? _text.Length : end + 2;
        return new PatternNode.Concat([.. quoted.Select(c => Literal((byte)c))]);
    }

    /// <summary>Null when the digits are an octal number: more than one, and no such group yet.</summary>
    private PatternNode.Backreference? NumberedReference(char first)
    {
        var end = _at;
        while (end < _text.Length && end - _at < 2 && char.IsAsciiDigit(_text[end]))
        {
            end++;
        }

        var number = int.Parse(_text.AsSpan(_at - 1, end - _at + 1), CultureInfo.InvariantCulture);
        if (end > _at && number > _captures && first <= '7')
        {
            _at--;
            return null;
        }

        _at = number > _captures ? _at : end;
        return new PatternNode.Backreference(number > _captures ? first - '0' : number, null, _flags.HasFlag(Flags.IgnoreCase));
    }

    private PatternNode.Backreference GroupReference()
    {
        var braced = !AtEnd && _text[_at] == '{';
        var start = braced ? ++_at : _at;
        while (!AtEnd && (braced ? _text[_at] != '}' : char.IsAsciiDigit(_text[_at]) || _text[_at] == '-'))
        {
            _at++;
        }

        var name = _text[start.._at];
        _at += braced ? 1 : 0;
        var ignoreCase = _flags.HasFlag(Flags.IgnoreCase);
        return int.TryParse(name, CultureInfo.InvariantCulture, out var number)
            ? new PatternNode.Backreference(number < 0 ? _captures + 1 + number : number, null, ignoreCase)
            : new PatternNode.Backreference(0, name, ignoreCase);
    }
}
