namespace Backstop.Recipes.Patterns;

/// <summary>A set of octets.</summary>
internal readonly struct ByteSet(ulong a, ulong b, ulong c, ulong d) : IEquatable<ByteSet>
{
    private readonly ulong _a = a;
    private readonly ulong _b = b;
    private readonly ulong _c = c;
    private readonly ulong _d = d;

    /// <summary>A newline only.</summary>
    public static ByteSet Newline { get; } = Of((byte)'\n');

    /// <summary>Everything but a newline.</summary>
    public static ByteSet Any { get; } = Newline.Complement();

    /// <summary>What cannot be part of a word: <c>\&lt;</c> and <c>\&gt;</c> consume one of these, and a newline is one.</summary>
    public static ByteSet NonWord { get; } = MakeNonWord();

    /// <summary>One octet.</summary>
    public static ByteSet Of(byte value) => default(ByteSet).With(value);

    /// <summary>Whether an octet is in it.</summary>
    public bool Contains(byte value) => (Word(value >> 6) >> (value & 63) & 1) != 0;

    /// <summary>With one octet more.</summary>
    public ByteSet With(byte value)
    {
        var bit = 1UL << (value & 63);
        return (value >> 6) switch
        {
            0 => new(_a | bit, _b, _c, _d),
            1 => new(_a, _b | bit, _c, _d),
            2 => new(_a, _b, _c | bit, _d),
            _ => new(_a, _b, _c, _d | bit),
        };
    }

    /// <summary>With one octet more, in both cases where it is a letter.</summary>
    public ByteSet WithFolded(byte value) => char.IsAsciiLetter((char)value) ? With(value).With((byte)(value ^ 0x20)) : With(value);

    /// <summary>All that are not in it.</summary>
    public ByteSet Complement() => new(~_a, ~_b, ~_c, ~_d);

    /// <summary>Without one octet.</summary>
    public ByteSet Without(byte value) => Complement().With(value).Complement();

    /// <inheritdoc/>
    public bool Equals(ByteSet other) => (_a, _b, _c, _d) == (other._a, other._b, other._c, other._d);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ByteSet other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_a, _b, _c, _d);

    private ulong Word(int index) => index switch { 0 => _a, 1 => _b, 2 => _c, _ => _d };

    private static ByteSet MakeNonWord()
    {
        var words = default(ByteSet);
        for (var c = 0; c < 128; c++)
        {
            words = char.IsAsciiLetterOrDigit((char)c) || c == '_' ? words.With((byte)c) : words;
        }

        return words.Complement();
    }
}
