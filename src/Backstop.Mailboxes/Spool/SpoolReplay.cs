using System.Buffers.Binary;
using System.Text.Json;

namespace Backstop.Mailboxes.Spool;

/// <summary>Reads the log at the start: which messages it contains, and which of them are delivered.</summary>
internal sealed class SpoolReplay
{
    private readonly Dictionary<ulong, (SpoolEntry Entry, string? LargeFile)> _pending = [];
    private readonly Dictionary<FolderRef, FolderRef> _folders = [];
    private readonly Dictionary<string, string> _mailboxes = new(StringComparer.Ordinal);

    private SpoolReplay()
    {
    }

    /// <summary>The undelivered messages, in the order of arrival.</summary>
    public IReadOnlyList<SpoolEntry> Pending => [.. _pending.Values.Select(p => p.Entry).OrderBy(e => e.Id)];

    /// <summary>The highest id seen.</summary>
    public ulong LastId { get; private set; }

    /// <summary>The number of damaged places with an intact record behind them.</summary>
    public int Damaged { get; private set; }

    /// <summary>The mailboxes that messages in the log were delivered to: they may not be synced yet.</summary>
    public HashSet<string> Written { get; } = new(StringComparer.Ordinal);

    /// <summary>The large bodies that are still needed.</summary>
    public HashSet<string> LargeFiles { get; } = new(StringComparer.Ordinal);

    public static SpoolReplay Read(IReadOnlyList<SpoolSegment> segments)
    {
        var replay = new SpoolReplay();
        foreach (var segment in segments)
        {
            var bytes = new byte[segment.Size];
            var length = RandomAccess.Read(segment.File, bytes, 0);
            replay.ReadSegment(segment, bytes.AsSpan(0, length));
        }

        foreach (var (entry, largeFile) in replay._pending.Values)
        {
            entry.At.Segment.Add(entry, largeFile);
            if (largeFile is not null)
            {
                replay.LargeFiles.Add(largeFile);
            }
        }

        return replay;
    }

    private void ReadSegment(SpoolSegment segment, ReadOnlySpan<byte> bytes)
    {
        var gap = false;
        for (var at = 0; at + SpoolRecord.FrameLength <= bytes.Length;)
        {
            var rest = bytes[at..];
            if (SpoolRecord.TryRead(rest, segment.Number) is not { } record)
            {
                // The end of the written part, or damage: search on, because messages behind damage were acknowledged
                // too.
                gap = true;
                at += 8;
                continue;
            }

            Damaged += gap ? 1 : 0;
            gap = false;
            LastId = Math.Max(LastId, record.Id);
            Apply(record, rest, segment, at);
            at += record.TotalLength;
        }
    }

    private void Apply(SpoolRecord record, ReadOnlySpan<byte> bytes, SpoolSegment segment, int at)
    {
        switch (record.Kind)
        {
            case RecordKind.Message:
                Add(record, bytes, segment, at);
                break;
            case RecordKind.Done:
                for (var ids = record.Body(bytes); ids.Length >= 8; ids = ids[8..])
                {
                    _pending.Remove(BinaryPrimitives.ReadUInt64LittleEndian(ids));
                }

                break;
            case RecordKind.CopiesDone:
                for (var copies = record.Body(bytes); copies.Length >= 16; copies = copies[16..])
                {
                    if (_pending.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(copies), out var message))
                    {
                        message.Entry.SetDelivered((int)BinaryPrimitives.ReadUInt64LittleEndian(copies[8..]));
                    }
                }

                break;
            case RecordKind.Change:
                if (_pending.TryGetValue(record.Id, out var changed))
                {
                    changed.Entry.Apply(JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolChange)!);
                }

                break;
        }
    }

    private void Add(SpoolRecord record, ReadOnlySpan<byte> bytes, SpoolSegment segment, int at)
    {
        var envelope = JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolEnvelope)!;
        var targets = envelope.Targets.Select(t => t with { Folder = Shared(t.Folder), Mailbox = Shared(t.Mailbox), Header = "" }).ToList();
        Written.UnionWith(targets.Select(t => t.Folder.Path));
        var entry = new SpoolEntry(record.Id, targets, segment, at, record.TotalLength);
        if (envelope.IsHeld)
        {
            entry.Apply(new(IsHeld: true, Targets: null));
        }

        entry.SetDelivered(envelope.Delivered ?? []);
        _pending[record.Id] = (entry, envelope.LargeFile);
    }

    // Many messages are for few mailboxes: each name is in memory once.
    private FolderRef Shared(FolderRef folder) => _folders.TryGetValue(folder, out var known) ? known : _folders[folder] = folder;

    private string? Shared(string? mailbox) =>
        mailbox is null ? null : _mailboxes.TryGetValue(mailbox, out var known) ? known : _mailboxes[mailbox] = mailbox;
}
