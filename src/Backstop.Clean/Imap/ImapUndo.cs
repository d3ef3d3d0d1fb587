using Backstop.Mailboxes.Runs;
using MailKit;

namespace Backstop.Clean.Imap;

/// <summary>Takes back a run of <see cref="ImapMover"/>. May be stopped and called again.</summary>
internal static class ImapUndo
{
    /// <summary>Moves or appends every message of the run back to its folder.</summary>
    public static async Task<UndoResult> RunAsync(Run run, ImapAccess access, Meter meter, TimeProvider time, CancellationToken ct)
    {
        var address = ImapAddress.Parse(run.Started.Mailbox);
        using var door = await ImapConnection.OpenAsync(address, access, time, ct);
        return await RunAsync(run, door, meter, time, ct);
    }

    private static async Task<UndoResult> RunAsync(Run run, ImapDoor door, Meter meter, TimeProvider time, CancellationToken ct)
    {
        await ImapFinish.RunAsync(run, door, ct);
        var batches = Batches(run).Reverse().ToList();
        if (!run.IsUndoing)
        {
            run.Append(new UndoStarted(time.GetUtcNow()));
        }

        // Each batch that was taken back has added an entry after the one that undoing began with.
        var done = run.Entries.SkipWhile(e => e is not UndoStarted).Count(e => e is ServerMoved);
        meter.Begin("taking back", batches.Sum(b => b.Moved.From.Count));
        var result = default(UndoResult);
        foreach (var (batch, moved) in batches.Skip(done))
        {
            ct.ThrowIfCancellationRequested();
            var back = batch.Target.Length > 0
                ? await ImapReturn.MoveAsync(run, door, batch, moved, ct)
                : await ImapReturn.AppendAsync(run, door, batch, moved, ct);
            run.Append(new ServerMoved(batch.Validity, [], []));
            result += new UndoResult(back, moved.From.Count - back, 0);
            meter.Add(moved.From.Count);
        }

        await RemoveFoldersAsync(run, door, ct);
        run.Append(new UndoDone(result.Restored, time.GetUtcNow()));
        return result;
    }

    private static IEnumerable<(ServerBatch Batch, ServerMoved Moved)> Batches(Run run)
    {
        ServerBatch? last = null;
        foreach (var entry in run.Entries.TakeWhile(e => e is not UndoStarted))
        {
            if (entry is ServerBatch batch)
            {
                last = batch;
            }
            else if (entry is ServerMoved moved && last is not null)
            {
                // A server that does not tell the new numbers does not tell either which messages it moved.
                var isTold = moved.From.Count > 0 || moved.Validity == 0;
                yield return (last, isTold ? moved : moved with { From = [.. last.Messages.Select(m => m.Uid)] });
                last = null;
            }
        }
    }

    // A folder that the run created is removed, unless it holds other messages by now.
    private static async Task RemoveFoldersAsync(Run run, ImapDoor door, CancellationToken ct)
    {
        foreach (var made in run.Entries.OfType<ServerFolder>())
        {
            try
            {
                await door.AskAsync(
                    async client =>
                    {
                        var folder = await client.GetFolderAsync(made.Name, ct);
                        await folder.StatusAsync(StatusItems.Count, ct);
                        if (folder.Count == 0)
                        {
                            await folder.UnsubscribeAsync(ct);
                            await folder.DeleteAsync(ct);
                        }
                    },
                    ct);
            }
            catch (ImapFault fault) when (fault.Failure == CleanFailure.NoInput)
            {
                // Another program has removed the folder already.
            }
        }
    }
}
