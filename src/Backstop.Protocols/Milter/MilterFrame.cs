using System.Buffers;
using System.Buffers.Binary;

namespace Backstop.Protocols.Milter;

/// <summary>One packet: four octets of length in network order, one octet that says what it is, and its data.</summary>
/// <param name="Event">What it is.</param>
/// <param name="Data">Its data; valid until the buffer it was read from goes on.</param>
public readonly record struct MilterFrame(MilterEvent Event, ReadOnlySequence<byte> Data)
{
    /// <summary>
    /// What a packet may hold: body pieces have at most 65,535 octets (256 KiB or 1 MiB where that was agreed on, and we do not), a
    /// header field what the server takes.
    /// </summary>
    public const int MaxLength = 1 << 20;

    private const int LengthSize = 4;

    /// <summary>Takes a packet off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <param name="frame">The packet.</param>
    /// <returns>Whether there was a whole one.</returns>
    /// <exception cref="FormatException">This is no packet, or nobody's that we would read.</exception>
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
            throw new FormatException($"a packet of {length} octets");
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
