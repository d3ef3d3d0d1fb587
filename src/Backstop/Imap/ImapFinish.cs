using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace Backstop.Imap;

/// <summary>Finds out what became of a batch whose answer never came, and logs it.</summary>
internal static class ImapFinish
{
    /// <summary>Does nothing where the log ends with an answer.</summary>
    /// <param name="run">The run.</param>
    /// <param name="client">Logged in.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>How many messages of the batch are moved.</returns>
    public static async Task<int> RunAsync(Run run, ImapClient client, CancellationToken ct)
    {
        if (run.Entries.LastOrDefault(e => e is ServerBatch or ServerMoved) is not ServerBatch batch)
        {
            return 0;
        }

        var source = (ImapFolder)await client.GetFolderAsync(batch.Folder, ct);
        await source.OpenAsync(FolderAccess.ReadWrite, ct);
        if (source.UidValidity != batch.Validity)
        {
            run.Append(new ServerMoved(0, [], []));
            return 0;
        }

        var still = (await source.SearchAsync(SearchQuery.Uids([.. batch.Messages.Select(m => new UniqueId(batch.Validity, m.Uid))]), ct)).Select(u => u.Id).ToHashSet();
        if (batch.Target.Length == 0)
        {
            run.Append(new ServerMoved(batch.Validity, [.. batch.Messages.Where(m => !still.Contains(m.Uid)).Select(m => m.Uid)], []));
            return batch.Messages.Count - still.Count;
        }

        var target = (ImapFolder)await client.GetFolderAsync(batch.Target, ct);
        await target.OpenAsync(FolderAccess.ReadOnly, ct);
        var there = await ImapMatch.FindAsync(target, batch.TargetNext, batch.Messages, ct);
        var validity = target.UidValidity;

        // Without MOVE a message may have been copied and not yet removed.
        var twice = client.Capabilities.HasFlag(ImapCapabilities.Move) ? [] : there.Keys.Where(still.Contains).Select(u => new UniqueId(batch.Validity, u)).ToList();
        if (twice.Count > 0)
        {
            await source.OpenAsync(FolderAccess.ReadWrite, ct);
            await source.AddFlagsAsync(twice, MessageFlags.Deleted, true, ct);
            await source.ExpungeAsync(twice, ct);
            still.ExceptWith(twice.Select(u => u.Id));
        }

        var moved = there.Where(p => !still.Contains(p.Key)).ToList();
        run.Append(new ServerMoved(validity, [.. moved.Select(p => p.Key)], [.. moved.Select(p => p.Value)]));
        return moved.Count;
    }
}
