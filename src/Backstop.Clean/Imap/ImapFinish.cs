using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace Backstop.Clean.Imap;

/// <summary>Finds out how many messages of an interrupted batch were moved, and writes it to the run's log.</summary>
internal static class ImapFinish
{
    /// <summary>
    /// Completes the last batch of a run. Does nothing where the log already has the server's answer.
    /// </summary>
    /// <param name="run">The interrupted run, held.</param>
    /// <param name="door">A connection that is logged in.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>How many messages of the batch were moved.</returns>
    public static async Task<int> RunAsync(Run run, ImapDoor door, CancellationToken ct)
    {
        if (run.Entries.LastOrDefault(e => e is ServerBatch or ServerMoved) is not ServerBatch batch)
        {
            return 0;
        }

        var source = await door.OpenFolderAsync(batch.Folder, FolderAccess.ReadWrite, ct);
        if (source.UidValidity != batch.Validity)
        {
            run.Append(new ServerMoved(0, [], []));
            return 0;
        }

        var asked = SearchQuery.Uids([.. batch.Messages.Select(m => new UniqueId(batch.Validity, m.Uid))]);
        var found = await door.AskAsync(_ => source.SearchAsync(asked, ct), ct);
        var still = door.Bounded(found, batch.Messages.Count).Select(u => u.Id).ToHashSet();
        if (batch.Target.Length == 0)
        {
            run.Append(new ServerMoved(batch.Validity, [.. batch.Messages.Where(m => !still.Contains(m.Uid)).Select(m => m.Uid)], []));
            return batch.Messages.Count - still.Count;
        }

        var target = await door.OpenFolderAsync(batch.Target, FolderAccess.ReadOnly, ct);
        var there = await ImapMatch.FindAsync(door, target, batch.TargetNext, batch.Messages, ct);
        var validity = target.UidValidity;

        // A server without MOVE copies and then removes: a message may have been copied and not removed.
        var twice = door.Capabilities.HasFlag(ImapCapabilities.Move)
            ? []
            : there.Keys.Where(still.Contains).Select(u => new UniqueId(batch.Validity, u)).ToList();
        if (twice.Count > 0)
        {
            await door.AskAsync(
                async _ =>
                {
                    await source.OpenAsync(FolderAccess.ReadWrite, ct);
                    await source.AddFlagsAsync(twice, MessageFlags.Deleted, true, ct);
                    await source.ExpungeAsync(twice, ct);
                },
                ct);
            still.ExceptWith(twice.Select(u => u.Id));
        }

        var moved = there.Where(p => !still.Contains(p.Key)).ToList();
        run.Append(new ServerMoved(validity, [.. moved.Select(p => p.Key)], [.. moved.Select(p => p.Value)]));
        return moved.Count;
    }
}
