using System.Buffers.Binary;
using System.Text.Json;

namespace Backstop.Mailboxes.Spool;

/// <summary>Reads the log at the start: which messages it contains, and which of them are delivered.</summary>
internal sealed class SpoolReplay
{
    private readonly Dictionary<ulong, (SpoolEntry Entry, string? LargeFile)> _pending = [];

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
        if (record.Kind == RecordKind.Done)
        {
            for (var ids = record.Body(bytes); ids.Length >= 8; ids = ids[8..])
            {
                _pending.Remove(BinaryPrimitives.ReadUInt64LittleEndian(ids));
            }

            return;
        }

        var envelope = JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolEnvelope)!;
        var folders = envelope.Targets.Select(t => t.Folder).ToArray();
        Written.UnionWith(folders.Select(f => f.Path));
        _pending[record.Id] = (new(record.Id, folders, segment, at, record.TotalLength), envelope.LargeFile);
    }
}
