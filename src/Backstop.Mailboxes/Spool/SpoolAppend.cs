using System.Text.Json;

namespace Backstop.Mailboxes.Spool;

/// <summary>A record that waits to be written to the log: a message, or a change of one. It is on the disk when it completes.</summary>
/// <param name="kind">What it is.</param>
/// <param name="id">The message's id.</param>
/// <param name="head">The envelope, or the change, as JSON.</param>
/// <param name="body">The message's body.</param>
internal sealed class SpoolAppend(RecordKind kind, ulong id, byte[] head, ReadOnlyMemory<byte> body)
    : TaskCompletionSource<SpoolEntry>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private SpoolEnvelope? _envelope;
    private SpoolChange? _change;
    private SpoolEntry? _known;

    public RecordKind Kind => kind;

    public ulong Id => id;

    public byte[] Head => head;

    public ReadOnlyMemory<byte> Body => body;

    public bool HasLargeFile => _envelope?.LargeFile is not null;

    public int Unpadded => SpoolRecord.FrameLength + head.Length + body.Length;

    public int Length => SpoolRecord.Padded(Unpadded);

    /// <summary>Returns the record of a message.</summary>
    /// <param name="id">The queue id, from <see cref="SpoolLog.NextId"/> for a new message.</param>
    /// <param name="envelope">What is stored besides the body.</param>
    /// <param name="body">The octets; empty if they are in a file of their own.</param>
    /// <param name="moved">The entry whose record is written again; null for a new message.</param>
    public static SpoolAppend Of(ulong id, SpoolEnvelope envelope, ReadOnlyMemory<byte> body, SpoolEntry? moved = null) =>
        new(RecordKind.Message, id, JsonSerializer.SerializeToUtf8Bytes(envelope, SpoolJson.Default.SpoolEnvelope), body)
        {
            _envelope = envelope,
            _known = moved,
        };

    /// <summary>Returns the record of a change.</summary>
    /// <param name="entry">The message.</param>
    /// <param name="change">What becomes of it.</param>
    public static SpoolAppend Of(SpoolEntry entry, SpoolChange change) =>
        new(RecordKind.Change, entry.Id, JsonSerializer.SerializeToUtf8Bytes(change, SpoolJson.Default.SpoolChange), default)
        {
            _change = change,
            _known = entry,
        };

    /// <summary>Ends the wait, once the record is on the disk.</summary>
    /// <param name="segment">The file that it is in.</param>
    /// <param name="offset">Its place in that.</param>
    /// <param name="kept">Keeps and drops what is in memory of messages.</param>
    /// <param name="largeDirectory">The directory of large bodies.</param>
    public void Complete(SpoolSegment segment, long offset, KeptMessages kept, string largeDirectory)
    {
        if (_known is { } known)
        {
            if (_change is not null)
            {
                // What is in memory of it is as it was before.
                known.Apply(_change);
                kept.Drop(known);
                SetResult(known);
                return;
            }

            segment.Add(known, _envelope!.LargeFile);
            known.MoveTo(segment, offset, Length);
            return;
        }

        var entry = new SpoolEntry(id, _envelope!.Targets, segment, offset, Length);
        if (_envelope.IsHeld)
        {
            entry.Apply(new(IsHeld: true, Targets: null));
        }

        entry.SetDelivered(_envelope.Delivered ?? []);
        segment.Add(entry, _envelope.LargeFile);

        // Before the entry becomes visible, so that its first copy need not be read either.
        kept.KeepWritten(entry, _envelope, _envelope.LargeFile is { } file ? Path.Combine(largeDirectory, file) : null);
        SetResult(entry);
    }
}
