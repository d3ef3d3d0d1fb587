using System.Globalization;
using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>Escapes that mean octets, in a class and outside.</summary>
internal static class PerlEscape
{
    /// <summary>Reads what follows a backslash; <paramref name="at"/> stands on it.</summary>
    public static ByteSet Read(string text, ref int at)
    {
        var c = text[at++];
        return c switch
        {
            'd' => PerlSets.Digit,
            'D' => ~PerlSets.Digit,
            'w' => ByteSet.Word,
            'W' => ~ByteSet.Word,
            's' => PerlSets.Space,
            'S' => ~PerlSets.Space,
            'h' => ByteSet.Of(' ') | ByteSet.Of('\t') | ByteSet.Of(0xA0),
            'H' => ~(ByteSet.Of(' ') | ByteSet.Of('\t') | ByteSet.Of(0xA0)),
            'v' => ByteSet.Range('\n', '\r') | ByteSet.Of(0x85),
            'V' => ~(ByteSet.Range('\n', '\r') | ByteSet.Of(0x85)),
            't' => ByteSet.Of('\t'),
            'n' => ByteSet.Of('\n'),
            'r' => ByteSet.Of('\r'),
            'f' => ByteSet.Of('\f'),
            'e' => ByteSet.Of(0x1b),
            'a' => ByteSet.Of(7),
            'x' => Code(Hexadecimal(text, ref at)),
            'o' => Code(BracedOctal(text, ref at)),
            'c' => ByteSet.Of(Control(text, ref at)),
            'N' => Code(Named(text, ref at)),
            >= '0' and <= '7' => ByteSet.Of(Octal(text, ref at, c)),
            >= 'a' and <= 'z' or >= 'A' and <= 'Z' or '8' or '9' => throw new PatternException($"unrecognized escape \\{c}"),
            _ => ByteSet.Of((byte)c),
        };
    }

    // A character above U+00FF is in no text of octets.
    private static ByteSet Code(int code) => code > 0xFF ? default : ByteSet.Of(code);

    private static int Hexadecimal(string text, ref int at)
    {
        if (at < text.Length && text[at] == '{')
        {
            var digits = Braced(text, ref at, "\\x");
            return digits.Length == 0 ? 0 : HexadecimalNumber(digits);
        }

        var value = 0;
        var start = at;
        while (at < text.Length && at - start < 2 && char.IsAsciiHexDigit(text[at]))
        {
            value = (value << 4) | int.Parse(text.AsSpan(at++, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        return at == start && at < text.Length ? throw new PatternException($"\\x{text[at]}: not a hexadecimal digit") : value;
    }

    private static int HexadecimalNumber(string digits) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value >= 0
            ? value
            : throw new PatternException($"{digits}: not a hexadecimal number");

    private static int BracedOctal(string text, ref int at)
    {
        if (at >= text.Length || text[at] != '{')
        {
            throw new PatternException("\\o without {");
        }

        var digits = Braced(text, ref at, "\\o");
        return digits.Length is > 0 and < 10 && digits.All(c => c is >= '0' and <= '7')
            ? digits.Aggregate(0, (sum, c) => (sum << 3) | (c & 7))
            : throw new PatternException($"{digits}: not an octal number");
    }

    private static int Named(string text, ref int at)
    {
        if (at >= text.Length || text[at] != '{')
        {
            throw new PatternException("\\N without {");
        }

        var name = Braced(text, ref at, "\\N");
        return name.StartsWith("U+", StringComparison.Ordinal)
            ? HexadecimalNumber(name[2..])
            : throw new PatternException($"\\N{{{name}}}: characters by name are not supported; write \\N{{U+...}}");
    }

    private static int Control(string text, ref int at)
    {
        var c = at < text.Length ? char.ToUpperInvariant(text[at++]) : '\0';
        return c is (>= '@' and <= '_') or '?' ? c ^ 64 : throw new PatternException("\\c without a control character");
    }

    private static string Braced(string text, ref int at, string escape)
    {
        var close = text.IndexOf('}', at);
        var inside = close < 0 ? throw new PatternException($"{escape}{{ without end") : text[(at + 1)..close].Trim();
        at = close + 1;
        return inside;
    }

    private static int Octal(string text, ref int at, char first)
    {
        var value = first - '0';
        for (var i = 0; i < 2 && at < text.Length && text[at] is >= '0' and <= '7'; i++)
        {
            value = (value << 3) | (text[at++] - '0');
        }

        return value & 0xFF;
    }
}
