using System.Text;

namespace Backstop.SpamRules.Patterns;

/// <summary>A set of octets, 256 bits.</summary>
internal readonly record struct ByteSet(ulong A, ulong B, ulong C, ulong D)
{
    // A-Z and a-z within 0x40-0x7F; 0xC0-0xDE and 0xE0-0xFE, but 0xD7 and 0xF7, within 0xC0-0xFF.
    private const ulong AsciiLetters = 0x07FF_FFFE_07FF_FFFE;
    private const ulong LatinLetters = 0x7F7F_FFFF_7F7F_FFFF;

    public static ByteSet All { get; } = new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    public static ByteSet NotNewline { get; } = All.Without('\n');

    public static ByteSet Digit { get; } = Range('0', '9');

    public static ByteSet Word { get; } = Range('0', '9') | Range('A', 'Z') | Range('a', 'z') | Of('_');

    public static ByteSet Space { get; } = Of(' ') | Range('\t', '\r');

    public bool IsEmpty => (A | B | C | D) == 0;

    public int Count => System.Numerics.BitOperations.PopCount(A) + System.Numerics.BitOperations.PopCount(B)
        + System.Numerics.BitOperations.PopCount(C) + System.Numerics.BitOperations.PopCount(D);

    public static ByteSet Of(int value) => (value >> 6) switch
    {
        0 => new ByteSet(1UL << value, 0, 0, 0),
        1 => new ByteSet(0, 1UL << (value & 63), 0, 0),
        2 => new ByteSet(0, 0, 1UL << (value & 63), 0),
        _ => new ByteSet(0, 0, 0, 1UL << (value & 63)),
    };

    public static ByteSet Range(int first, int last)
    {
        var set = default(ByteSet);
        for (var i = first; i <= last; i++)
        {
            set |= Of(i);
        }

        return set;
    }

    public bool Contains(int value) => ((value >> 6) switch { 0 => A, 1 => B, 2 => C, _ => D } >> (value & 63) & 1) != 0;

    public ByteSet Without(int value) => this & ~Of(value);

    public static ByteSet operator |(ByteSet x, ByteSet y) => new(x.A | y.A, x.B | y.B, x.C | y.C, x.D | y.D);

    public static ByteSet operator &(ByteSet x, ByteSet y) => new(x.A & y.A, x.B & y.B, x.C & y.C, x.D & y.D);

    public static ByteSet operator ~(ByteSet x) => new(~x.A, ~x.B, ~x.C, ~x.D);

    /// <summary>
    /// With the other case of every letter. Above ASCII Perl's <c>/aa</c> folds by Unicode, so 0xC0-0xDE go with 0xE0-0xFE
    /// (not the two that are no letters), even where the octets are half of a UTF-8 character.
    /// </summary>
    public ByteSet IgnoringCase()
    {
        // The cases of a letter are 32 apart, which is a shift within the word that holds both.
        var ascii = B & AsciiLetters;
        var latin = D & LatinLetters;
        return this with { B = B | (ascii << 32) | (ascii >> 32), D = D | (latin << 32) | (latin >> 32) };
    }

    public IEnumerable<int> Members()
    {
        for (var i = 0; i < 256; i++)
        {
            if (Contains(i))
            {
                yield return i;
            }
        }
    }

    /// <summary>As .NET writes it, over the characters of <see cref="Text.Octets"/>.</summary>
    public void AppendTo(StringBuilder pattern)
    {
        if (Count == 1)
        {
            AppendCharacter(pattern, Members().First());
            return;
        }

        if (IsEmpty)
        {
            pattern.Append("(?!)");
            return;
        }

        pattern.Append('[');
        for (var i = 0; i < 256; i++)
        {
            if (!Contains(i))
            {
                continue;
            }

            var last = i;
            // The mapping jumps at 0x80, so no range crosses it.
            while (last + 1 < 256 && last + 1 != 0x80 && Contains(last + 1))
            {
                last++;
            }

            AppendCharacter(pattern, i);
            if (last > i)
            {
                pattern.Append('-');
                AppendCharacter(pattern, last);
            }

            i = last;
        }

        pattern.Append(']');
    }

    private static void AppendCharacter(StringBuilder pattern, int value)
    {
        if (char.IsAsciiLetterOrDigit((char)value))
        {
            pattern.Append((char)value);
        }
        else
        {
            pattern.Append("\\u").Append((value < 0x80 ? value : 0xE000 + value).ToString("X4", System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
