using System.Buffers;
using System.Globalization;

namespace Backstop.Recipes.Language;

/// <summary>Parses conditions. Every text is a condition: what is not one of the other tests is a regular expression.</summary>
/// <remarks>Linear in the text: no prefix is looked at twice.</remarks>
internal sealed class RcConditionParser
{
    // Behind a dollar these may stand for something else, or for nothing: a double quote is open there, and this one closes it.
    private static readonly SearchValues<char> _variableMarks = SearchValues.Create("$`\\\"");

    private readonly RcText _source;
    private readonly string _text;
    private readonly bool _isBehindDollar;
    private RcPrefix _prefix;
    private int _at;

    private RcConditionParser(RcText source, RcPrefix prefix, int at, bool isBehindDollar)
    {
        _source = source;
        _text = source.Text;
        _prefix = prefix;
        _at = at;
        _isBehindDollar = isBehindDollar;
    }

    /// <summary>Reads a condition of an rcfile.</summary>
    /// <param name="source">Behind the star, continued lines joined.</param>
    public static RcCondition Parse(RcText source) => new RcConditionParser(source, prefix: default, at: 0, isBehindDollar: false).Read();

    /// <summary>Reads a condition from the lines it stands on.</summary>
    /// <param name="line">Behind the star, line ends and all.</param>
    public static RcCondition ParseLine(RcText line)
    {
        var trimmed = line with { Text = line.Text.TrimEnd(' ', '\t') };
        var condition = Parse(Joined(trimmed));

        // A command goes to its reader as it stands: there the blanks that begin the next line divide words.
        return condition.Test is RcProgramTest && trimmed.Text.Contains("\\\n", StringComparison.Ordinal) ? Parse(trimmed) : condition;
    }

    // A continued condition is one line; blanks that begin the next line are for the eye.
    private static RcText Joined(RcText line)
    {
        var text = line.Text;
        for (var at = text.IndexOf("\\\n", StringComparison.Ordinal); at >= 0; at = text.IndexOf("\\\n", at, StringComparison.Ordinal))
        {
            text = string.Concat(text.AsSpan(0, at), text.AsSpan(at + 2).TrimStart(" \t"));
        }

        return line with { Text = text };
    }

    /// <summary>Reads what the rest of a condition has become: it may begin with another dollar.</summary>
    /// <param name="condition">The condition, whose test is an <see cref="RcExpansion"/>.</param>
    /// <param name="expanded">What became of the text behind its dollar.</param>
    public static RcCondition ParseExpanded(RcCondition condition, string expanded)
    {
        var source = new RcText(expanded.TrimStart(' ', '\t'), condition.Source.At);
        return new RcConditionParser(source, condition.Prefix, at: 0, isBehindDollar: false).Read();
    }

    private RcCondition Read()
    {
        while (true)
        {
            if (Current == '!')
            {
                _prefix = _prefix with { IsNegated = !_prefix.IsNegated };
                _at++;
            }
            else if (Current == '$' && !_isBehindDollar)
            {
                var written = new RcConditionParser(_source, _prefix, SkipBlanks(_at + 1), isBehindDollar: true).Read();
                return Done(new RcExpansion(_text[(_at + 1)..], written));
            }
            else if (Current == '$' && !IsSubstitution(_text.AsSpan(_at + 1)))
            {
                // The dollar stays as it is; the expanded text is expanded once more.
                _at++;
            }
            else if (!TakeWeight() && !TakeArea())
            {
                return Done(ReadTest());
            }

            _at = SkipBlanks(_at);
        }
    }

    // Whether a dollar stands for a value within double quotes.
    private static bool IsSubstitution(ReadOnlySpan<char> behindDollar) => behindDollar switch
    {
        [] => false,
        ['\\', var next, ..] => char.IsAsciiLetter(next) || next == '_',
        [var next, ..] => char.IsAsciiLetter(next) || next is '{' or '@' or '$' or '?' or '#' or '_' or '-' or '=' or (>= '1' and <= '9'),
    };

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private RcCondition Done(RcTest test) => new(_source, _prefix, test, _at);

    private RcTest ReadTest() => Current switch
    {
        '?' => new RcProgramTest(_text[(_at + 1)..]),
        '<' or '>' => new RcSizeTest(Current == '>', _text[(_at + 1)..]),
        _ when DependsOnVariables() => new RcUnknownTest(_text[_at..]),
        '\\' => new RcRegexTest(_text[(_at + 1)..]),
        _ => new RcRegexTest(_text[_at..]),
    };

    // A value may complete a word to a weight or an area; where it stands first, the whole test may become anything.
    private bool DependsOnVariables() =>
        _isBehindDollar && (_variableMarks.Contains(Current) || IsWordOrNumber(Current)) && _text.AsSpan(_at).ContainsAny(_variableMarks);

    private int SkipBlanks(int at)
    {
        while (at < _text.Length && _text[at] is ' ' or '\t')
        {
            at++;
        }

        return at;
    }

    // w^x and a blank, or nothing, behind it.
    private bool TakeWeight()
    {
        if (_prefix.Weight is not null)
        {
            return false;
        }

        var hat = _at;
        while (hat < _text.Length && IsWordOrNumber(_text[hat]))
        {
            hat++;
        }

        if (hat == _at || hat == _text.Length || _text[hat] != '^')
        {
            return false;
        }

        var end = hat + 1;
        while (end < _text.Length && _text[end] is (>= '0' and <= '9') or '.' or '-' or '+')
        {
            end++;
        }

        if ((end < _text.Length && _text[end] is not (' ' or '\t'))
            || !Number(_text.AsSpan(_at, hat - _at), out var weight) || !Number(_text.AsSpan(hat + 1, end - hat - 1), out var factor))
        {
            return false;
        }

        _prefix = _prefix with { Weight = new(weight, factor) };
        _at = end;
        return true;
    }

    // Letters are of Infinity and NaN, which strtod(3) reads too.
    private static bool IsWordOrNumber(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '+' or '_';

    private static bool Number(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    // NAME ??, or H, B, HB, BH.
    private bool TakeArea()
    {
        var end = _at;
        while (end < _text.Length && (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] == '_'))
        {
            end++;
        }

        var mark = SkipBlanks(end);
        if (end == _at || char.IsAsciiDigit(Current) || !_text.AsSpan(mark).StartsWith("??"))
        {
            return false;
        }

        var name = _text[_at..end];
        _prefix = _prefix with
        {
            Area = name switch
            {
                "H" => new(RcFlags.Header, null),
                "B" => new(RcFlags.Body, null),
                "HB" or "BH" => new(RcFlags.Header | RcFlags.Body, null),
                _ => new(RcFlags.None, name),
            },
        };
        _at = mark + 2;
        return true;
    }
}
