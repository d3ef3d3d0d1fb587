using System.Buffers.Binary;
using System.Text.Json;

namespace Backstop.Mailboxes.Spool;

/// <summary>Reads the log at the start: which messages it contains, and which of them are delivered.</summary>
internal sealed class SpoolReplay
{
    private readonly Dictionary<ulong, (SpoolEntry Entry, string? LargeFile)> _pending = [];

    // Noted as delivered, in whole or in copies, but not as final.
    private readonly Dictionary<ulong, (SpoolEntry Entry, string? LargeFile)> _done = [];
    private readonly Dictionary<ulong, HashSet<int>> _copies = [];
    private readonly Dictionary<FolderRef, FolderRef> _folders = [];
    private readonly Dictionary<string, string> _mailboxes = new(StringComparer.Ordinal);

    private SpoolReplay()
    {
    }

    /// <summary>The undelivered messages, in the order of arrival.</summary>
    public IReadOnlyList<SpoolEntry> Pending => [.. _pending.Values.Select(p => p.Entry).OrderBy(e => e.Id)];

    /// <summary>The pending messages that were noted as delivered before a new start of the machine, whose copies may be gone.</summary>
    public IReadOnlyList<ulong> Undone { get; private set; } = [];

    /// <summary>The highest id seen.</summary>
    public ulong LastId { get; private set; }

    /// <summary>The number of damaged places with an intact record behind them.</summary>
    public int Damaged { get; private set; }

    /// <summary>
    /// What messages in the log were delivered to, which may not be synced yet, and what is noted as delivered and not as final.
    /// </summary>
    public UnsyncedCopies Unsynced { get; } = new([]);

    /// <summary>The large bodies that are still needed.</summary>
    public HashSet<string> LargeFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads the log.</summary>
    /// <param name="segments">Its files, in their order.</param>
    /// <param name="isOtherBoot">Whether the machine has been started anew since it was written.</param>
    public static SpoolReplay Read(IReadOnlyList<SpoolSegment> segments, bool isOtherBoot)
    {
        var replay = new SpoolReplay();
        foreach (var segment in segments)
        {
            var bytes = new byte[segment.Size];
            var length = RandomAccess.Read(segment.File, bytes, 0);
            replay.ReadSegment(segment, bytes.AsSpan(0, length));
        }

        if (isOtherBoot)
        {
            replay.Undone = [.. replay._done.Keys.Concat(replay._copies.Where(c => c.Value.Count > 0).Select(c => c.Key)).Distinct()];
            replay.Undone.ToList().ForEach(replay.Undo);
        }

        replay.Unsynced.Messages.AddRange(replay._done.Keys);
        replay.Unsynced.Copies.AddRange(replay._copies.SelectMany(c => c.Value.Select(copy => (c.Key, copy))));
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
                foreach (var id in Numbers(record.Body(bytes)))
                {
                    if (_pending.Remove(id, out var done))
                    {
                        _done[id] = done;
                    }
                }

                break;
            case RecordKind.Final:
                foreach (var id in Numbers(record.Body(bytes)))
                {
                    _pending.Remove(id);
                    _done.Remove(id);
                    _copies.Remove(id);
                }

                break;
            case RecordKind.CopiesDone:
                foreach (var (id, copy) in Pairs(record.Body(bytes)))
                {
                    if (_pending.TryGetValue(id, out var message))
                    {
                        message.Entry.SetDelivered(copy);
                        (_copies.TryGetValue(id, out var copies) ? copies : _copies[id] = []).Add(copy);
                    }
                }

                break;
            case RecordKind.CopiesFinal:
                foreach (var (id, copy) in Pairs(record.Body(bytes)))
                {
                    _copies.GetValueOrDefault(id)?.Remove(copy);
                }

                break;
            case RecordKind.Undone:
                Numbers(record.Body(bytes)).ForEach(Undo);
                break;
            case RecordKind.Change:
                if (_pending.TryGetValue(record.Id, out var changed))
                {
                    changed.Entry.Apply(JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolChange)!);
                }

                break;
        }
    }

    private void Undo(ulong id)
    {
        if (_done.Remove(id, out var done))
        {
            _pending[id] = done;
        }

        if (_copies.Remove(id, out var copies) && _pending.TryGetValue(id, out var message))
        {
            message.Entry.ForgetDelivered(copies);
        }
    }

    private static List<ulong> Numbers(ReadOnlySpan<byte> body)
    {
        var numbers = new List<ulong>(body.Length / 8);
        for (; body.Length >= 8; body = body[8..])
        {
            numbers.Add(BinaryPrimitives.ReadUInt64LittleEndian(body));
        }

        return numbers;
    }

    private static IEnumerable<(ulong Id, int Copy)> Pairs(ReadOnlySpan<byte> body) =>
        Numbers(body).Chunk(2).Where(p => p.Length == 2).Select(p => (p[0], (int)p[1]));

    private void Add(SpoolRecord record, ReadOnlySpan<byte> bytes, SpoolSegment segment, int at)
    {
        var envelope = JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolEnvelope)!;
        var targets = envelope.Targets.Select(t => t with { Folder = Shared(t.Folder), Mailbox = Shared(t.Mailbox), Header = "" }).ToList();
        Unsynced.Paths.UnionWith(targets.Select(t => t.Folder.Path));
        var entry = new SpoolEntry(record.Id, targets, segment, at, record.TotalLength);
        if (envelope.IsHeld)
        {
            entry.Apply(new(IsHeld: true, Targets: null));
        }

        entry.SetDelivered(envelope.Delivered ?? []);
        _pending[record.Id] = (entry, envelope.LargeFile);
        _done.Remove(record.Id);
    }

    // Many messages are for few mailboxes: each name is in memory once.
    private FolderRef Shared(FolderRef folder) => _folders.TryGetValue(folder, out var known) ? known : _folders[folder] = folder;

    private string? Shared(string? mailbox) =>
        mailbox is null ? null : _mailboxes.TryGetValue(mailbox, out var known) ? known : _mailboxes[mailbox] = mailbox;
}
