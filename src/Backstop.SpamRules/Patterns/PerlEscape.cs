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
            'x' => ByteSet.Of(Hexadecimal(text, ref at)),
            'o' when at < text.Length && text[at] == '{' => ByteSet.Of(BracedOctal(text, ref at)),
            'c' when at < text.Length => ByteSet.Of((char.ToUpperInvariant(text[at++]) ^ 64) & 0xFF),
            >= '0' and <= '7' => ByteSet.Of(Octal(text, ref at, c)),
            _ => ByteSet.Of((byte)c),
        };
    }

    private static int Hexadecimal(string text, ref int at)
    {
        if (at < text.Length && text[at] == '{')
        {
            var close = text.IndexOf('}', at);
            var digits = close < 0 ? "" : text[(at + 1)..close].Trim();
            at = close + 1;
            return int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var wide)
                && wide is >= 0 and <= 0xFF
                ? wide
                : throw new PatternException($"\\x{{{digits}}} is no octet");
        }

        var value = 0;
        for (var i = 0; i < 2 && at < text.Length && char.IsAsciiHexDigit(text[at]); i++)
        {
            value = (value << 4) | int.Parse(text.AsSpan(at++, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        return value;
    }

    private static int BracedOctal(string text, ref int at)
    {
        var close = text.IndexOf('}', at);
        if (close < 0)
        {
            throw new PatternException("\\o{ without end");
        }

        var value = text[(at + 1)..close].Aggregate(0, (sum, c) => ((sum << 3) | (c & 7)) & 0xFF);
        at = close + 1;
        return value;
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
