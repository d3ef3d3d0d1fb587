using System.Text.Json;
using Backstop.Posix;

namespace Backstop.Mailboxes.Spool;

/// <summary>
/// The files of the log: the one being written, those with undelivered messages, and the free ones. A separate thread
/// frees them.
/// </summary>
/// <remarks>
/// Invariant: a file is freed only after every file before it, because it may hold the records that messages in those
/// are delivered.
/// </remarks>
internal sealed class SpoolSegments : IDisposable
{
    // Most envelopes are shorter, so that one read suffices.
    private const int HeadGuess = 4096;

    private readonly string _directory;
    private readonly SpoolOptions _options;
    private readonly Lock _gate = new();
    private readonly Lock _checkpointGate = new();
    private readonly List<SpoolSegment> _inUse;
    private readonly List<SpoolSegment> _spare = [];
    private readonly AutoResetEvent _work = new(true);
    private readonly Thread _keeper;
    private HashSet<string> _written;
    private SpoolSegment? _current;
    private long _nextNumber;
    private volatile bool _stopping;

    private SpoolSegments(string directory, SpoolOptions options, List<SpoolSegment> segments, HashSet<string> written)
    {
        _directory = directory;
        _options = options;
        _inUse = segments;
        _written = written;
        _nextNumber = segments.Count == 0 ? 1 : segments[^1].Number + 1;
        _keeper = new Thread(Keep) { IsBackground = true, Name = "spool keeper" };
        _keeper.Start();
    }

    public string LargeDirectory => LargeDirectoryOf(_directory);

    public static (
        SpoolSegments Segments, IReadOnlyList<SpoolEntry> Pending, ulong LastId, int Damaged) Open(string directory, SpoolOptions options)
    {
        Folders.Make(LargeDirectoryOf(directory));
        SpoolSegment.DeleteFree(directory);
        var segments = SpoolSegment.OpenAll(directory).ToList();
        var replay = SpoolReplay.Read(segments);
        foreach (
            var orphan in Directory.EnumerateFiles(LargeDirectoryOf(directory)).Where(f =>
                !replay.LargeFiles.Contains(Path.GetFileName(f))))
        {
            File.Delete(orphan);
        }

        return (new(directory, options, segments, replay.Written), replay.Pending, replay.LastId, replay.Damaged);
    }

    /// <summary>Returns the file to write to, with enough room. Called only by the writer thread.</summary>
    public SpoolSegment WithRoom(int size)
    {
        if (_current is { } current && current.Offset + size <= current.Size)
        {
            return current;
        }

        lock (_gate)
        {
            _current = null;
            var next = TakeSpare(size) ?? SpoolSegment.Create(_directory, _nextNumber++, Math.Max(_options.SegmentSize, size));
            _inUse.Add(next);
            _current = next;
        }

        _work.Set();
        return _current;
    }

    /// <summary>Stops writing to the current file.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _current = null;
        }
    }

    /// <summary>Notes that mail was written there, so that it is synced before the log lets go of it.</summary>
    /// <param name="path">The path of a mailbox.</param>
    public void Wrote(string path)
    {
        lock (_gate)
        {
            _written.Add(path);
        }
    }

    public void Release(SpoolEntry entry)
    {
        lock (_gate)
        {
            for (var copy = 0; copy < entry.Copies; copy++)
            {
                _written.Add(entry.AimOf(copy).Folder.Path);
            }

            entry.IsDone = true;
            if (entry.At.Segment.Release(entry) == 0 && entry.At.Segment != _current)
            {
                _work.Set();
            }
        }
    }

    /// <summary>
    /// Returns the messages that keep the oldest file from being freed, once too many files have gathered behind it.
    /// </summary>
    public IReadOnlyList<SpoolEntry> TakeStuck()
    {
        lock (_gate)
        {
            return _inUse.Count > _options.MaxSegmentsBehind && _inUse[0] != _current ? _inUse[0].Entries() : [];
        }
    }

    public void Moved(SpoolEntry entry, SpoolSegment from, string? largeFile)
    {
        lock (_gate)
        {
            from.Forget(entry, largeFile);
            if (entry.IsDone)
            {
                entry.At.Segment.Release(entry);
            }
        }

        _work.Set();
    }

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

    public void Report(IOException error) => _options.OnTrouble(error);

    /// <summary>Syncs the folders, then frees the files without undelivered messages.</summary>
    public void Checkpoint()
    {
        lock (_checkpointGate)
        {
            var free = TakeFree(out var written);
            if (free.Count == 0)
            {
                return;
            }

            // The folders of an mbox lie beside its inbox, which need not be there.
            foreach (var path in written.Select(p => Path.Exists(p) ? p : Path.GetDirectoryName(p)).Where(Path.Exists).Distinct())
            {
                Folders.SyncFileSystem(path!);
            }

            free.ForEach(s => s.DeleteLargeFiles(LargeDirectory));
            foreach (var segment in free)
            {
                Free(segment);
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        Abandon();
        _work.Set();
        _keeper.Join();
        _inUse.ForEach(s => s.Dispose());
        _spare.ForEach(s => s.Dispose());
        _work.Dispose();
    }

    private void Keep()
    {
        while (!_stopping)
        {
            _work.WaitOne();
            try
            {
                Checkpoint();
                PrepareSpare();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Report(error as IOException ?? new IOException(error.Message, error));
            }
        }
    }

    // In advance, so that no message waits while eight megabytes of zeros are written.
    private void PrepareSpare()
    {
        long number;
        lock (_gate)
        {
            if (_stopping || _spare.Count > 0)
            {
                return;
            }

            number = _nextNumber++;
        }

        var segment = SpoolSegment.CreateFree(_directory, number, _options.SegmentSize);
        lock (_gate)
        {
            _spare.Add(segment);
        }
    }

    private SpoolSegment? TakeSpare(int size)
    {
        var index = _spare.FindIndex(s => s.Size >= size);
        if (index < 0)
        {
            return null;
        }

        var segment = _spare[index];
        _spare.RemoveAt(index);
        segment.Reuse(_nextNumber++);
        return segment;
    }

    private List<SpoolSegment> TakeFree(out HashSet<string> written)
    {
        lock (_gate)
        {
            var free = _inUse.TakeWhile(s => s != _current && s.IsEmpty).ToList();
            _inUse.RemoveRange(0, free.Count);
            written = free.Count == 0 ? [] : _written;
            _written = free.Count == 0 ? _written : [];
            return free;
        }
    }

    private void Free(SpoolSegment segment)
    {
        lock (_gate)
        {
            if (_spare.Count < _options.SpareSegments && segment.Size == _options.SegmentSize)
            {
                segment.SetFree();
                _spare.Add(segment);
                return;
            }
        }

        segment.Delete();
    }

    private static string LargeDirectoryOf(string directory) => Path.Combine(directory, "large");
}
