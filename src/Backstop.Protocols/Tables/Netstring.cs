using System.Buffers;
using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Tables;

/// <summary>Octets with their length before them and a comma behind: <c>5:hello,</c>. The frame of socketmap.</summary>
internal static class Netstring
{
    // As many digits as a length can have before it is too large whatever follows.
    private const int MaxDigits = 6;

    /// <summary>Takes a netstring off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <param name="maxLength">The most octets that it may have.</param>
    /// <returns>The octets; null while it is incomplete.</returns>
    /// <exception cref="FormatException">It is not a netstring, or has more octets.</exception>
    public static byte[]? TryRead(ref ReadOnlySequence<byte> buffer, int maxLength)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> digits, (byte)':'))
        {
            return buffer.Length > MaxDigits ? throw new FormatException("a netstring without a length") : null;
        }

        if (digits.Length > MaxDigits
            || !int.TryParse(Encoding.ASCII.GetString(digits), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > maxLength)
        {
            throw new FormatException("a netstring that is too long");
        }

        if (reader.Remaining < length + 1)
        {
            return null;
        }

        var octets = buffer.Slice(reader.Position, length).ToArray();
        reader.Advance(length);
        if (!reader.TryRead(out var comma) || comma != (byte)',')
        {
            throw new FormatException("a netstring without the comma that ends it");
        }

        buffer = buffer.Slice(reader.Position);
        return octets;
    }

    /// <summary>Returns octets as a netstring.</summary>
    public static byte[] Of(ReadOnlySpan<byte> octets) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{octets.Length}:")), .. octets, (byte)','];
}
