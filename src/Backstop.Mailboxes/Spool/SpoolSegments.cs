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
internal sealed partial class SpoolSegments : IDisposable
{
    private readonly string _directory;
    private readonly SpoolOptions _options;
    private readonly Lock _gate = new();
    private readonly Lock _checkpointGate = new();
    private readonly List<SpoolSegment> _inUse;
    private readonly List<SpoolSegment> _spare = [];
    private readonly AutoResetEvent _work = new(true);
    private readonly Thread _keeper;
    private UnsyncedCopies _unsynced;
    private SpoolSegment? _current;
    private long _nextNumber;
    private volatile bool _stopping;
    private volatile bool _wantsSync;

    private SpoolSegments(string directory, SpoolOptions options, List<SpoolSegment> segments, UnsyncedCopies unsynced)
    {
        _directory = directory;
        _options = options;
        _inUse = segments;
        _unsynced = unsynced;
        _nextNumber = segments.Count == 0 ? 1 : segments[^1].Number + 1;
        _keeper = new Thread(Keep) { IsBackground = true, Name = "spool keeper" };
        _keeper.Start();
    }

    public string LargeDirectory => LargeDirectoryOf(_directory);

    /// <summary>Is told what is on the disk now, so that it is noted. Called on the keeper's thread.</summary>
    public Action<UnsyncedCopies>? Synced { get; set; }

    public static (SpoolSegments Segments, SpoolReplay Replay) Open(string directory, SpoolOptions options)
    {
        Folders.Make(LargeDirectoryOf(directory));
        SpoolSegment.DeleteFree(directory);
        var segments = SpoolSegment.OpenAll(directory).ToList();
        var replay = SpoolReplay.Read(segments, SpoolBoot.IsOther(directory, options.Boot));
        foreach (
            var orphan in Directory.EnumerateFiles(LargeDirectoryOf(directory)).Where(f =>
                !replay.LargeFiles.Contains(Path.GetFileName(f))))
        {
            File.Delete(orphan);
        }

        return (new(directory, options, segments, replay.Unsynced), replay);
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
            _unsynced.Paths.Add(path);
        }
    }

    /// <summary>Notes that one copy was written while others of its message wait.</summary>
    public void CopyDone(SpoolEntry entry, int copy)
    {
        lock (_gate)
        {
            _unsynced.Copies.Add((entry.Id, copy));
        }
    }

    public void Release(SpoolEntry entry)
    {
        lock (_gate)
        {
            if (!entry.IsDeleted)
            {
                _unsynced.Messages.Add(entry.Id);
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

    public void Report(IOException error) => _options.OnTrouble(error);

    /// <summary>Syncs the folders, then frees the files without undelivered messages.</summary>
    public void Checkpoint()
    {
        lock (_checkpointGate)
        {
            var free = TakeFree();
            if (free.Count == 0)
            {
                return;
            }

            try
            {
                Sync();
            }
            catch
            {
                lock (_gate)
                {
                    _inUse.InsertRange(0, free);
                }

                throw;
            }

            free.ForEach(s => s.DeleteLargeFiles(LargeDirectory));
            foreach (var segment in free)
            {
                Free(segment);
            }
        }
    }

    /// <summary>Syncs what is delivered, if there is anything, and has it noted.</summary>
    public void SyncNow()
    {
        lock (_checkpointGate)
        {
            Sync();
        }
    }

    /// <summary>Has the keeper sync what is delivered, if there is anything.</summary>
    public void WantSync()
    {
        lock (_gate)
        {
            if (_unsynced.HasNotes && !_stopping)
            {
                _wantsSync = true;
                _work.Set();
            }
        }
    }

    // Called with the lock of checkpoints held.
    private void Sync()
    {
        UnsyncedCopies taken;
        lock (_gate)
        {
            (taken, _unsynced) = (_unsynced, new([]));
        }

        try
        {
            // The folders of an mbox lie beside its inbox, which need not be there.
            foreach (var path in taken.Paths.Select(p => Path.Exists(p) ? p : Path.GetDirectoryName(p)).Where(Path.Exists).Distinct())
            {
                Folders.SyncFileSystem(path!);
            }
        }
        catch
        {
            lock (_gate)
            {
                _unsynced.Add(taken);
            }

            throw;
        }

        if (taken.HasNotes)
        {
            Synced?.Invoke(taken);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            _current = null;
        }

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
                if (_wantsSync)
                {
                    _wantsSync = false;
                    SyncNow();
                }

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

    private List<SpoolSegment> TakeFree()
    {
        lock (_gate)
        {
            var free = _inUse.TakeWhile(s => s != _current && s.IsEmpty).ToList();
            _inUse.RemoveRange(0, free.Count);
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
