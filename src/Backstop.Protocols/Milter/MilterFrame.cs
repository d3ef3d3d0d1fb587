using System.Buffers;
using System.Buffers.Binary;

namespace Backstop.Protocols.Milter;

/// <summary>One packet: its length in four octets (network order), one octet for the event, and the data.</summary>
/// <param name="Event">What the server tells; the first octet behind the length.</param>
/// <param name="Data">The data; valid until the buffer it was read from is advanced.</param>
public readonly record struct MilterFrame(MilterEvent Event, ReadOnlySequence<byte> Data)
{
    /// <summary>
    /// The longest packet that is read. Body pieces have at most 65,535 octets (256 KiB or 1 MiB only by agreement,
    /// which we never make); a header field is as long as the server allows.
    /// </summary>
    public const int MaxLength = 1 << 20;

    private const int LengthSize = 4;

    /// <summary>Takes a packet off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <param name="frame">The packet.</param>
    /// <returns>False while the packet is incomplete.</returns>
    /// <exception cref="FormatException">The length is 0 or more than <see cref="MaxLength"/>.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out MilterFrame frame)
    {
        frame = default;
        if (buffer.Length < LengthSize)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[LengthSize];
        buffer.Slice(0, LengthSize).CopyTo(head);
        var length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length is 0 or > MaxLength)
        {
            throw new FormatException($"a packet of {length} octets; 1 to {MaxLength} are allowed");
        }

        if (buffer.Length < LengthSize + length)
        {
            return false;
        }

        var body = buffer.Slice(LengthSize, length);
        frame = new((MilterEvent)body.FirstSpan[0], body.Slice(1));
        buffer = buffer.Slice(body.End);
        return true;
    }
}
