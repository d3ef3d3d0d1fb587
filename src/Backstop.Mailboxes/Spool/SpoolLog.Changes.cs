using Backstop.Posix;

namespace Backstop.Mailboxes.Spool;

/// <content>What somebody does about messages that wait: holding, redirecting, deleting, restoring.</content>
public sealed partial class SpoolLog
{
    /// <summary>Changes a message; the change is on the disk when the task completes.</summary>
    /// <param name="entry">An undelivered entry.</param>
    /// <param name="change">What becomes of it.</param>
    /// <exception cref="IOException">It is not on disk, and the entry is as it was.</exception>
    internal Task ChangeAsync(SpoolEntry entry, SpoolChange change) => Write(SpoolAppend.Of(entry, change));

    /// <summary>Notes that mail was written somewhere, so that it is synced before the log lets go of the message.</summary>
    /// <param name="path">The path of a mailbox.</param>
    internal void Wrote(string path) => _segments.Wrote(path);

    /// <summary>
    /// Records that one copy of an entry is delivered while others wait, so that a later run does not deliver it again where its
    /// owner has moved or deleted it meanwhile. Not synced.
    /// </summary>
    /// <param name="entry">An undelivered entry.</param>
    /// <param name="copy">The number of the copy.</param>
    internal void CopyDone(SpoolEntry entry, int copy)
    {
        entry.SetDelivered(copy);
        _segments.CopyDone(entry, copy);
        lock (_gate)
        {
            _copiesDone.Add((entry.Id, copy));
            WakeWriter();
        }
    }

    /// <summary>Reads the envelope of an undelivered entry.</summary>
    internal static SpoolEnvelope ReadEnvelope(SpoolEntry entry) => entry.Now(entry.Kept?.Envelope ?? SpoolSegments.ReadEnvelope(entry));

    /// <summary>
    /// Keeps a message that is deleted, so that it can be restored. From now on it is deleted, whatever happens; <see cref="Done"/>
    /// is to be called.
    /// </summary>
    /// <param name="entry">An undelivered entry, of which nothing is being delivered.</param>
    /// <exception cref="IOException">It is not deleted.</exception>
    internal void Keep(SpoolEntry entry)
    {
        var content = Read(entry);
        Deleted.Keep(entry.Id, content with { Envelope = entry.Now(content.Envelope) }, _time.GetUtcNow());
        entry.IsDeleted = true;
    }

    /// <summary>Takes a deleted message back into the log, under its own id, so that no copy is delivered twice.</summary>
    /// <param name="id">The queue id that the message had.</param>
    /// <returns>The entry, once it is on disk; null where no such message is deleted.</returns>
    /// <exception cref="IOException">It is not in the log, and still deleted.</exception>
    internal async Task<SpoolEntry?> RestoreAsync(ulong id)
    {
        if (Deleted.Read(id) is not { } content)
        {
            return null;
        }

        var envelope = content.Envelope;
        if (content.LargeFile is { } body)
        {
            // Under a new name: the old one is removed with the log file that the message was in.
            envelope = envelope with { LargeFile = $"{SpoolEntry.TextOf(id)}.{SpoolEntry.TextOf(NextId())}.body" };
            var file = Path.Combine(LargeDirectory, envelope.LargeFile);
            Libc.ThrowIf(Libc.MakeLink(body, file), file);
        }

        var entry = await AppendAsync(id, envelope, content.Body);
        Deleted.Forget(id);
        return entry;
    }

    private List<SpoolEntry> WithoutDeleted(IReadOnlyList<SpoolEntry> pending)
    {
        var byState = pending.ToLookup(e => Deleted.Has(e.Id));
        foreach (var entry in byState[true])
        {
            entry.IsDeleted = true;
        }

        Done([.. byState[true]]);
        return [.. byState[false]];
    }

    /// <summary>Notes what a power failure may have taken; false where it is not on the disk, so that the next start does it.</summary>
    private bool TryNoteUndone(IReadOnlyList<ulong> undone)
    {
        try
        {
            if (WriteNumbers(RecordKind.Undone, undone) is { } segment)
            {
                Libc.SyncData(segment.File);
            }

            return true;
        }
        catch (IOException error)
        {
            _segments.Report(error);
            return false;
        }
    }

    private void SetBoot(string directory, string boot)
    {
        try
        {
            SpoolBoot.Set(directory, boot);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _segments.Report(error as IOException ?? new IOException(error.Message, error));
        }
    }

    private void NoteFinal(UnsyncedCopies synced)
    {
        lock (_gate)
        {
            _final.AddRange(synced.Messages);
            _copiesFinal.AddRange(synced.Copies);
            WakeWriter();
        }
    }

    // So that nothing is looked for again where the machine is started anew behind a stop.
    private void SyncAtEnd()
    {
        _syncTimer.Dispose();
        try
        {
            _segments.SyncNow();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _segments.Report(error as IOException ?? new IOException(error.Message, error));
        }
    }
}
