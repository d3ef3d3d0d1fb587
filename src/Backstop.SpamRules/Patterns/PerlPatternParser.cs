using System.Globalization;
using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>A pattern that cannot be read, and where.</summary>
internal sealed class PatternException(string message) : Exception(message);

/// <summary>
/// Reads a Perl regular expression (perlre, 5.36) under <c>/aa</c>: classes are ASCII. What Perl warns of is refused, as SpamAssassin does
/// (Util.pm, compile_regexp); code, verbs that steer backtracking and boundaries such as <c>\b{wb}</c> are refused by name.
/// </summary>
internal sealed partial class PerlPatternParser
{
    private const int MaxNesting = 200;
    private const int MaxRepeat = 65534;

    private readonly string _text;
    private int _at;
    private int _captures;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<(int Number, string? Name)> _references = [];
    private int _nesting;

    /// <summary>How often <c>\K</c> was read.</summary>
    private int _keeps;
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
        ExtendedMore = 32,
    }

    private bool AtEnd => _at >= _text.Length;

    public static PatternNode Parse(string pattern, string modifiers = "")
    {
        var parser = new PerlPatternParser(pattern, modifiers);
        var node = parser.Alternation();
        if (!parser.AtEnd)
        {
            throw new PatternException($"unmatched ) at {parser._at}");
        }

        foreach (var (number, name) in parser._references)
        {
            if (name is null ? number > parser._captures : !parser._names.Contains(name))
            {
                throw new PatternException($"there is no group {name ?? number.ToString(CultureInfo.InvariantCulture)}");
            }
        }

        return node;
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
            if (!AtEnd && _text[_at] == '{' && atom is not PatternNode.Assertion && _text[_at - 1] is not ('*' or '+' or '?'))
            {
                throw new PatternException($"{{ at {_at} is neither a quantifier nor escaped");
            }
        }

        return new PatternNode.Concat(parts);
    }

    /// <summary>Skips blanks and comments, which count for nothing under /x.</summary>
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

        if (max < 0 && PatternWidth.IsAlwaysEmpty(atom))
        {
            throw new PatternException($"a quantifier at {_at} repeats what matches nothing");
        }

        return TryQuantifier(out _, out _)
            ? throw new PatternException($"a quantifier at {_at} follows another")
            : new PatternNode.Repeat(atom, min, max, greediness);
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
        parts = [.. parts.Select(p => p.Trim(' ', '\t'))];
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
                return Class();
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

    private PatternNode.Set Class()
    {
        if (!AtEnd && _text[_at] is ':' or '.' or '='
            && _text.IndexOf(']', _at) is var close and > 0 && close > _at + 1 && _text[close - 1] == _text[_at])
        {
            throw new PatternException($"[{_text[_at]} belongs inside a class at {_at}");
        }

        var parser = new PerlClassParser(_text, _at, _flags.HasFlag(Flags.IgnoreCase), _flags.HasFlag(Flags.ExtendedMore));
        return new PatternNode.Set(parser.Parse(out _at));
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
            case 'b' or 'B' when !AtEnd && _text[_at] == '{':
                throw new PatternException($"\\{c}{{...}} is not supported");
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
            case 'G':
                return new PatternNode.Assertion(AssertionKind.SearchStart);
            case 'K':
                // Moves where the match begins; whether there is one, and where it ends, is the same.
                _keeps++;
                return new PatternNode.Concat([]);
            case 'R':
                return LineEndOr(ByteSet.Range('\n', '\r') | ByteSet.Of(0x85));
            case 'X':
                // Of the characters up to U+00FF only CR and LF join.
                return LineEndOr(ByteSet.All);
            case 'N' when AtEnd || _text[_at] != '{' || TryBraces(out _, out _, out _):
                return new PatternNode.Set(ByteSet.NotNewline);
            case 'p' or 'P':
                return new PatternNode.Set(PerlProperties.Read(_text, ref _at, c == 'P', _flags.HasFlag(Flags.IgnoreCase)));
            case >= '1' and <= '9':
                return NumberedReference(c) is { } reference ? reference : Escaped();
            case 'g':
                return GroupReference();
            case 'k':
                var open = AtEnd ? '\0' : _text[_at++];
                var close = open switch { '<' => '>', '{' => '}', '\'' => '\'', _ => throw new PatternException("\\k without a name") };
                return Reference(0, Name(close).Trim());
            default:
                _at--;
                return Escaped();
        }
    }

    private static PatternNode.Atomic LineEndOr(ByteSet others)
    {
        var pair = new PatternNode.Concat([new PatternNode.Set(ByteSet.Of('\r')), new PatternNode.Set(ByteSet.Of('\n'))]);
        return new(new PatternNode.Alternate([pair, new PatternNode.Set(others)]));
    }

    private PatternNode.Backreference Reference(int number, string? name)
    {
        _references.Add((number, name));
        return new PatternNode.Backreference(number, name, _flags.HasFlag(Flags.IgnoreCase));
    }

    /// <summary>A single octet has two cases; a class such as \W has not.</summary>
    private PatternNode.Set Escaped()
    {
        var set = PerlEscape.Read(_text, ref _at);
        return new PatternNode.Set(set.Count == 1 ? Fold(set) : set);
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
        return Reference(number > _captures ? first - '0' : number, null);
    }

    private PatternNode.Backreference GroupReference()
    {
        var braced = !AtEnd && _text[_at] == '{';
        var start = braced ? ++_at : _at;
        while (!AtEnd && (braced ? _text[_at] != '}' : char.IsAsciiDigit(_text[_at]) || _text[_at] == '-'))
        {
            _at++;
        }

        var name = _text[start.._at].Trim();
        _at += braced ? 1 : 0;
        if (!int.TryParse(name, CultureInfo.InvariantCulture, out var number))
        {
            return Reference(0, name);
        }

        number = number < 0 ? _captures + 1 + number : number;
        return number > 0 ? Reference(number, null) : throw new PatternException($"\\g{name}: there is no such group");
    }
}
