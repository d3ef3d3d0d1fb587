using System.Numerics;

namespace Backstop.Automata;

/// <summary>A set of octets (0-255), 256 bits: <see cref="A"/> holds 0x00-0x3F, <see cref="D"/> 0xC0-0xFF.</summary>
internal readonly record struct ByteSet(ulong A, ulong B, ulong C, ulong D)
{
    public static ByteSet All { get; } = new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    public static ByteSet Newline { get; } = Of('\n');

    public static ByteSet NotNewline { get; } = ~Newline;

    /// <summary>ASCII letters, digits and the underscore.</summary>
    public static ByteSet Word { get; } = Range('0', '9') | Range('A', 'Z') | Range('a', 'z') | Of('_');

    public bool IsEmpty => (A | B | C | D) == 0;

    public int Count => BitOperations.PopCount(A) + BitOperations.PopCount(B) + BitOperations.PopCount(C) + BitOperations.PopCount(D);

    public static ByteSet Of(int value) => (value >> 6) switch
    {
        0 => new ByteSet(1UL << value, 0, 0, 0),
        1 => new ByteSet(0, 1UL << (value & 63), 0, 0),
        2 => new ByteSet(0, 0, 1UL << (value & 63), 0),
        _ => new ByteSet(0, 0, 0, 1UL << (value & 63)),
    };

    /// <summary>
    /// The octets from <paramref name="first"/> to <paramref name="last"/>, both included; empty if <paramref
    /// name="first"/> is the larger one.
    /// </summary>
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

    /// <summary>The octets in ascending order.</summary>
    public IEnumerable<int> Members()
    {
        for (var word = 0; word < 4; word++)
        {
            for (var left = word switch { 0 => A, 1 => B, 2 => C, _ => D }; left != 0; left &= left - 1)
            {
                yield return (word << 6) | BitOperations.TrailingZeroCount(left);
            }
        }
    }
}
