using System.Buffers.Binary;
using Backstop.Posix;

namespace Backstop.Mailboxes.Spool;

/// <summary>
/// The write-ahead log that makes a 250 durable: messages that arrive together share one write and one fdatasync.
/// Folders are synced later; a log file is reused once all its messages are delivered and their folders are synced.
/// </summary>
/// <remarks>Invariant: a task of <see cref="AppendAsync"/> completes only after the message is on disk, or it fails.</remarks>
public sealed partial class SpoolLog : IDisposable
{
    private const int MaxBatchBytes = 1 << 20;
    private static readonly byte[] _padding = new byte[8];

    private readonly object _gate = new();
    private readonly SpoolSegments _segments;
    private readonly KeptMessages _kept = new();
    private readonly TimeProvider _time;
    private readonly FileStream _lockFile;
    private readonly Thread _writer;
    private List<SpoolAppend> _appends = [];
    private List<ulong> _done = [];
    private List<(ulong Id, int Copy)> _copiesDone = [];
    private List<ulong> _final = [];
    private List<(ulong Id, int Copy)> _copiesFinal = [];
    private readonly ITimer _syncTimer;
    private ulong _lastId;
    private bool _stopping;
    private bool _writerSleeps;

    private SpoolLog(
        SpoolSegments segments, FileStream lockFile, string directory, SpoolOptions options, SpoolReplay replay, TimeProvider time)
    {
        _time = time;
        Deleted = new(directory);
        Instance = InstanceOf(directory);
        _segments = segments;
        _lockFile = lockFile;
        _lastId = replay.LastId;
        if (TryNoteUndone(replay.Undone))
        {
            SetBoot(directory, options.Boot);
        }

        _segments.Synced = NoteFinal;
        _syncTimer = time.CreateTimer(_ => _segments.WantSync(), null, options.SyncInterval, options.SyncInterval);
        _writer = new Thread(WriteLoop) { IsBackground = true, Name = "spool writer" };
        _writer.Start();
    }

    /// <summary>The unique name of this spool; 14 octets.</summary>
    public string Instance { get; }

    /// <summary>The messages that somebody has deleted.</summary>
    internal DeletedMail Deleted { get; }

    /// <summary>The directory for large bodies, which are written before the message is appended.</summary>
    internal string LargeDirectory => _segments.LargeDirectory;

    /// <summary>Opens the spool and reads what a crash or stop left in it.</summary>
    /// <param name="directory">The spool's directory.</param>
    /// <param name="options">The layout on disk.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The log, the undelivered messages, and how many damaged places were skipped.</returns>
    /// <exception cref="IOException">The directory is unusable, or another server uses it.</exception>
    public static (
        SpoolLog Log, IReadOnlyList<SpoolEntry> Pending, int Damaged) Open(string directory, SpoolOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        Folders.Make(directory);
        var lockFile = TakeLock(directory);
        var (segments, replay) = SpoolSegments.Open(directory, options);
        var log = new SpoolLog(segments, lockFile, directory, options, replay, time);
        return (log, log.WithoutDeleted(replay.Pending), replay.Damaged);
    }

    /// <summary>
    /// Returns a new id, unique in this spool for ever. Its upper 48 bits are the time in milliseconds, or a later time
    /// if the clock was set back.
    /// </summary>
    public ulong NextId()
    {
        var now = (ulong)_time.GetUtcNow().ToUnixTimeMilliseconds() << 16;
        while (true)
        {
            var last = Volatile.Read(ref _lastId);
            var next = Math.Max(last + 1, now);
            if (Interlocked.CompareExchange(ref _lastId, next, last) == last)
            {
                return next;
            }
        }
    }

    /// <summary>Appends a message to the log; it is on the disk when the task completes.</summary>
    /// <param name="id">From <see cref="NextId"/>, used once.</param>
    /// <param name="envelope">What is stored besides the body.</param>
    /// <param name="body">Its body, which must not change until the task completes; empty if <see
    /// cref="SpoolEnvelope.LargeFile"/> names a file (already synced).</param>
    /// <returns>The entry, once it is on disk.</returns>
    /// <exception cref="IOException">It is not on disk; <see cref="DiskFull"/> tells whether the disk is
    /// full.</exception>
    public Task<SpoolEntry> AppendAsync(ulong id, SpoolEnvelope envelope, ReadOnlyMemory<byte> body) =>
        Write(SpoolAppend.Of(id, envelope, body));

    private Task<SpoolEntry> Write(SpoolAppend append)
    {
        lock (_gate)
        {
            if (_stopping)
            {
                throw new IOException("The spool is closed: the server is stopping.");
            }

            _appends.Add(append);
            WakeWriter();
        }

        return append.Task;
    }

    /// <summary>
    /// Records that entries are delivered. Not synced: after a crash, delivery finds their copies in place. The copies are synced later;
    /// where the machine stops before that, they are looked for at the next start, and delivered again where they are gone.
    /// </summary>
    /// <param name="entries">Entries of which no copy is left to deliver.</param>
    public void Done(IReadOnlyList<SpoolEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                (entry.IsDeleted ? _final : _done).Add(entry.Id);
            }

            WakeWriter();
        }

        foreach (var entry in entries)
        {
            _segments.Release(entry);
            _kept.Drop(entry);
        }
    }

    /// <summary>
    /// Returns a message's content, from memory if it is kept there, else from the disk. The octets must not be
    /// changed.
    /// </summary>
    /// <param name="entry">An undelivered entry.</param>
    public SpoolContent Read(SpoolEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var kept = entry.Kept;
        if (kept?.Content is { } content)
        {
            return content;
        }

        content = _segments.Read(entry, kept?.Envelope);
        _kept.KeepRead(entry, content);
        return content;
    }

    /// <summary>Syncs the folders of everything delivered so far, and frees log files.</summary>
    public void Checkpoint() => _segments.Checkpoint();

    /// <summary>Stops writing. Undelivered messages stay for the next start.</summary>
    public void Dispose()
    {
        SyncAtEnd();
        lock (_gate)
        {
            _stopping = true;
            WakeWriter();
        }

        _writer.Join();
        _segments.Dispose();
        _lockFile.Dispose();
    }

    private static FileStream TakeLock(string directory)
    {
        try
        {
            return new(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (error.HResult == Libc.TryAgain)
        {
            throw new IOException($"The spool {directory} is used by another server; stop that server or set another spool.path.", error);
        }
    }

    private static string InstanceOf(string directory)
    {
        var path = Path.Combine(directory, "instance");
        if (!File.Exists(path))
        {
            var name = "bs" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6));
            File.WriteAllText(path + ".new", name);
            File.Move(path + ".new", path);
        }

        return File.ReadAllText(path);
    }

    // A busy writer checks the queue again by itself: waking it would cost a system call for each message.
    private void WakeWriter()
    {
        if (_writerSleeps)
        {
            Monitor.Pulse(_gate);
        }
    }

    private void WriteLoop()
    {
        var stop = false;
        while (!stop)
        {
            List<SpoolAppend> appends;
            List<ulong> done;
            List<ulong> final;
            List<(ulong Id, int Copy)> copies;
            List<(ulong Id, int Copy)> copiesFinal;
            lock (_gate)
            {
                while (_appends.Count + _done.Count + _copiesDone.Count + _final.Count + _copiesFinal.Count == 0 && !_stopping)
                {
                    _writerSleeps = true;
                    Monitor.Wait(_gate);
                    _writerSleeps = false;
                }

                (appends, _appends) = (_appends, []);
                (done, _done) = (_done, []);
                (copies, _copiesDone) = (_copiesDone, []);
                (final, _final) = (_final, []);
                (copiesFinal, _copiesFinal) = (_copiesFinal, []);
                stop = _stopping;
            }

            WriteNote(RecordKind.CopiesDone, Numbers(copies));
            WriteNote(RecordKind.CopiesFinal, Numbers(copiesFinal));
            WriteNote(RecordKind.Done, done);
            WriteNote(RecordKind.Final, final);
            for (var at = 0; at < appends.Count;)
            {
                at += WriteBatch(appends, at);
            }

            MoveForward();
        }
    }

    // Collects as many messages as fit into one write, and returns their number.
    private int WriteBatch(List<SpoolAppend> appends, int from)
    {
        var count = 0;
        var size = 0;
        while (from + count < appends.Count && (count == 0 || size + appends[from + count].Length <= MaxBatchBytes))
        {
            size += appends[from + count++].Length;
        }

        var batch = appends.GetRange(from, count);
        try
        {
            if (batch.Exists(b => b.HasLargeFile))
            {
                // The file is synced, but its name is not until its directory is synced.
                Folders.Sync(LargeDirectory);
            }

            WriteDurably(batch, _segments.WithRoom(size));
        }
        catch (IOException error)
        {
            // How much of it reached the disk is unknown: abandon the file, and mark the messages as failed in case a
            // replay finds them whole.
            _segments.Abandon();
            WriteNote(RecordKind.Final, [.. batch.Where(b => b.Kind == RecordKind.Message).Select(b => b.Id)]);
            batch.ForEach(b => b.SetException(error));
        }

        return count;
    }

    private void WriteDurably(List<SpoolAppend> batch, SpoolSegment segment)
    {
        var buffers = new List<ReadOnlyMemory<byte>>(batch.Count * 4);
        var offset = segment.Offset;
        foreach (var append in batch)
        {
            buffers.Add(SpoolRecord.Frame(append.Kind, segment.Number, append.Id, append.Head, append.Body.Span));
            buffers.Add(append.Head);
            buffers.Add(append.Body);
            buffers.Add(_padding.AsMemory(0, append.Length - append.Unpadded));
        }

        RandomAccess.Write(segment.File, buffers, offset);
        Libc.SyncData(segment.File);
        foreach (var append in batch)
        {
            append.Complete(segment, segment.Offset, _kept, LargeDirectory);
            segment.Offset += append.Length;
        }
    }

    private static List<ulong> Numbers(List<(ulong Id, int Copy)> copies) => [.. copies.SelectMany(c => new[] { c.Id, (ulong)c.Copy })];

    private void WriteNote(RecordKind kind, List<ulong> numbers)
    {
        try
        {
            WriteNumbers(kind, numbers);
        }
        catch (IOException error)
        {
            // Only the record is lost: a replay would look for the copies and find them.
            _segments.Report(error);
        }
    }

    private SpoolSegment? WriteNumbers(RecordKind kind, IReadOnlyList<ulong> numbers)
    {
        if (numbers.Count == 0)
        {
            return null;
        }

        var body = new byte[numbers.Count * 8];
        for (var i = 0; i < numbers.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(i * 8), numbers[i]);
        }

        var segment = _segments.WithRoom(SpoolRecord.Padded(SpoolRecord.FrameLength + body.Length));
        var frame = SpoolRecord.Frame(kind, segment.Number, 0, [], body);
        RandomAccess.Write(segment.File, [frame, body], segment.Offset);
        segment.Offset += SpoolRecord.Padded(frame.Length + body.Length);
        return segment;
    }

    // An undeliverable message must not block the freeing of later log files: it is appended again under its own id.
    private void MoveForward()
    {
        foreach (var entry in _segments.TakeStuck())
        {
            try
            {
                var from = entry.At.Segment;
                var content = Read(entry);
                var again = SpoolAppend.Of(entry.Id, entry.Now(content.Envelope), content.Body, moved: entry);
                WriteDurably([again], _segments.WithRoom(again.Length));
                _segments.Moved(entry, from, content.Envelope.LargeFile);
            }
            catch (IOException error)
            {
                _segments.Report(error);
                return;
            }
        }
    }
}
