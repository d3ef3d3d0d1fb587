using System.Buffers.Binary;

namespace Backstop.Mailboxes.Spool;

/// <summary>The kinds of records in the log.</summary>
internal enum RecordKind : byte
{
    /// <summary>A message.</summary>
    Message = 1,

    /// <summary>The ids of messages that are delivered or abandoned.</summary>
    Done = 2,

    /// <summary>Copies that are delivered while others of their message wait: id and number of each.</summary>
    CopiesDone = 3,

    /// <summary>What somebody has changed of a message, see <see cref="SpoolChange"/>.</summary>
    Change = 4,

    /// <summary>
    /// The ids of messages that no replay looks for again, not even behind a power failure: their copies are on the disk, or nobody is to
    /// get one.
    /// </summary>
    Final = 5,

    /// <summary>Copies that are on the disk while others of their message wait: id and number of each.</summary>
    CopiesFinal = 6,

    /// <summary>The ids of messages noted as delivered whose copies a power failure may have taken: they are looked for again.</summary>
    Undone = 7,
}

/// <summary>
/// The frame around a record: it is found again after a crash, and distinguished from records of an earlier use of the
/// file.
/// </summary>
/// <remarks>
/// Layout, little-endian: magic 4, kind 4, epoch 8, id 8, head length 4, body length 4, CRC-32C of all but itself 4, zero 4.
/// </remarks>
internal readonly record struct SpoolRecord(RecordKind Kind, long Epoch, ulong Id, int HeadLength, int BodyLength, uint Crc)
{
    public const int FrameLength = 40;
    private const uint Magic = 0x31534B42;
    private const int CrcOffset = 32;

    /// <summary>The record's length, padded so that the next one begins at a multiple of eight.</summary>
    public int TotalLength => Padded(FrameLength + HeadLength + BodyLength);

    public static int Padded(int length) => (length + 7) & ~7;

    public static byte[] Frame(RecordKind kind, long epoch, ulong id, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var frame = new byte[FrameLength];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), (uint)kind);
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(8), epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(16), id);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(24), head.Length);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(28), body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(CrcOffset), Checksum(frame, head, body));
        return frame;
    }

    /// <summary>Reads a record at the start of the bytes; null if there is no complete, intact one of that epoch.</summary>
    public static SpoolRecord? TryRead(ReadOnlySpan<byte> bytes, long epoch) =>
        TryReadFrame(bytes, epoch) is { } record
        && (long)record.HeadLength + record.BodyLength + FrameLength <= bytes.Length
        && record.Crc == Checksum(bytes, record.Head(bytes), record.Body(bytes))
            ? record
            : null;

    /// <summary>Reads a record's frame, unchecked against its checksum; null if there is none of that epoch.</summary>
    public static SpoolRecord? TryReadFrame(ReadOnlySpan<byte> bytes, long epoch)
    {
        if (bytes.Length < FrameLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            return null;
        }

        var record = new SpoolRecord(
            (RecordKind)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcOffset..]));
        return record is { HeadLength: >= 0, BodyLength: >= 0 } && record.Epoch == epoch ? record : null;
    }

    public ReadOnlySpan<byte> Head(ReadOnlySpan<byte> bytes) => bytes.Slice(FrameLength, HeadLength);

    public ReadOnlySpan<byte> Body(ReadOnlySpan<byte> bytes) => bytes.Slice(FrameLength + HeadLength, BodyLength);

    private static uint Checksum(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body) =>
        Crc32C.Add(Crc32C.Add(Crc32C.Add(Crc32C.Start, frame[..CrcOffset]), head), body);
}
