using System.Text.Json;

namespace Backstop.Mailboxes.Spool;

/// <content>Reads messages back from the log.</content>
internal sealed partial class SpoolSegments
{
    // Most envelopes are shorter, so that one read suffices.
    private const int HeadGuess = 4096;

    /// <summary>Reads a message from the disk.</summary>
    /// <param name="entry">The message's entry in the spool.</param>
    /// <param name="known">Its envelope, if it is in memory and need not be decoded.</param>
    public SpoolContent Read(SpoolEntry entry, SpoolEnvelope? known)
    {
        // The entry may be moved and its old place reused between lookup and reading; then it is read at its new place.
        for (var tries = 0; ; tries++)
        {
            var at = entry.At;
            var bytes = new byte[at.Length];
            var number = at.Segment.Number;
            var length = RandomAccess.Read(at.Segment.File, bytes, at.Offset);
            if (SpoolRecord.TryRead(bytes.AsSpan(0, length), number) is { } record && record.Id == entry.Id)
            {
                var envelope = known ?? entry.Now(JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolEnvelope)!);
                var body = bytes.AsMemory(SpoolRecord.FrameLength + record.HeadLength, record.BodyLength);
                return new(envelope, body, envelope.LargeFile is { } large ? Path.Combine(LargeDirectory, large) : null);
            }

            ThrowIfLast(tries, entry, at);
        }
    }

    /// <summary>Reads the envelope of a message from the disk, without its body.</summary>
    public static SpoolEnvelope ReadEnvelope(SpoolEntry entry)
    {
        for (var tries = 0; ; tries++)
        {
            var at = entry.At;
            if (ReadHead(entry, at) is { } envelope && entry.At == at)
            {
                return envelope;
            }

            ThrowIfLast(tries, entry, at);
        }
    }

    private static SpoolEnvelope? ReadHead(SpoolEntry entry, SpoolEntry.Place at)
    {
        var number = at.Segment.Number;
        var bytes = new byte[Math.Min(at.Length, HeadGuess)];
        var length = RandomAccess.Read(at.Segment.File, bytes, at.Offset);
        if (SpoolRecord.TryReadFrame(bytes.AsSpan(0, length), number) is not { } record || record.Id != entry.Id
            || SpoolRecord.FrameLength + record.HeadLength > at.Length)
        {
            return null;
        }

        if (SpoolRecord.FrameLength + record.HeadLength > length)
        {
            bytes = new byte[SpoolRecord.FrameLength + record.HeadLength];
            RandomAccess.Read(at.Segment.File, bytes, at.Offset);
        }

        try
        {
            return JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolEnvelope);
        }
        catch (JsonException)
        {
            // The place was used again meanwhile, or is damaged.
            return null;
        }
    }

    private static void ThrowIfLast(int tries, SpoolEntry entry, SpoolEntry.Place at)
    {
        if (tries == 3)
        {
            throw new IOException($"Spool entry {entry.QueueId} cannot be read back from {at.Segment.Path}: the record is damaged.");
        }
    }
}
