using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Clean.Imap;

/// <summary>
/// Moves or appends the messages of one batch back to their folder. What is about to come back is logged first, with the
/// lowest number that it can get there; an undo that was stopped finds by that which messages are back already.
/// </summary>
internal static class ImapReturn
{
    /// <summary>Moves the messages of a batch out of the folder that the run had moved them to.</summary>
    /// <returns>How many messages are back, those of a stopped undo included.</returns>
    public static async Task<int> MoveAsync(Run run, ImapDoor door, ServerBatch batch, ServerMoved moved, CancellationToken ct)
    {
        var messages = batch.Messages.Where(m => moved.From.Contains(m.Uid)).ToList();
        var back = await MovedAsync(run, door, batch, messages, ct);
        var target = await door.OpenFolderAsync(batch.Target, FolderAccess.ReadWrite, ct);
        var places = moved.To.Count > 0 && target.UidValidity == moved.Validity
            ? moved.From.Zip(moved.To).DistinctBy(p => p.First).ToDictionary(p => p.First, p => p.Second)
            : await ImapMatch.FindAsync(door, target, 1, messages, ct);
        var ids = places.Values.ToHashSet();
        var asked = SearchQuery.Uids([.. ids.Select(u => new UniqueId(target.UidValidity, u))]);
        var there = door.Bounded(await door.AskAsync(_ => target.SearchAsync(asked, ct), ct), ids.Count).Select(u => u.Id).ToHashSet();
        if (!there.IsSubsetOf(ids))
        {
            throw door.Lie("the server found messages which were not searched for");
        }

        var still = messages.Where(m => places.TryGetValue(m.Uid, out var at) && there.Contains(at)).ToList();

        // A server without MOVE copies and then removes: a message may have been copied and not removed.
        var twice = door.Capabilities.HasFlag(ImapCapabilities.Move) ? [] : still.Where(m => back.Contains(m.Uid)).ToList();
        var rest = Ids(still.Except(twice));
        if (rest.Count > 0)
        {
            await door.AskAsync(
                async client => await target.MoveToAsync(rest, await client.GetFolderAsync(batch.Folder, ct), CancellationToken.None),
                CancellationToken.None);
        }

        if (twice.Count > 0)
        {
            await door.AskAsync(
                async _ =>
                {
                    await target.AddFlagsAsync(Ids(twice), MessageFlags.Deleted, true, CancellationToken.None);
                    await target.ExpungeAsync(Ids(twice), CancellationToken.None);
                },
                CancellationToken.None);
        }

        // Of messages of one size and one second it cannot be told which are back, only how many.
        return still.Count + Math.Min(back.Count - twice.Count, messages.Count - still.Count);

        List<UniqueId> Ids(IEnumerable<ServerMessage> some) => [.. some.Select(m => new UniqueId(target.UidValidity, places[m.Uid]))];
    }

    /// <summary>Appends the messages of a batch that the run had deleted.</summary>
    /// <returns>How many messages are back, those of a stopped undo included.</returns>
    public static async Task<int> AppendAsync(Run run, ImapDoor door, ServerBatch batch, ServerMoved moved, CancellationToken ct)
    {
        using var archive = File.OpenHandle(run.File(batch.Archive));
        var begun = Begun(run);
        var done = begun.Select(b => b.Uid).ToHashSet();
        if (begun.Count > 0 && !await IsAppendedAsync(door, batch, begun[^1], archive, ct))
        {
            done.Remove(begun[^1].Uid);
        }

        var folder = await FolderAsync(door, batch.Folder, ct);
        ServerReturn? next = null;
        var at = 0L;
        foreach (var message in batch.Messages)
        {
            if (moved.From.Contains(message.Uid) && !done.Contains(message.Uid))
            {
                next = (next ?? await NextAsync(door, folder, ct)) with { Uid = message.Uid };
                run.Append(next);
                using var raw = await RawMessage.OfAsync(Octets(archive, at, message), ct);
                var request = new AppendRequest(raw, ImapFlags.Parse(message.Flags), DateTimeOffset.FromUnixTimeSeconds(message.Received));
                var given = await door.AskAsync(_ => folder.AppendAsync(request, CancellationToken.None), CancellationToken.None);
                next = given is { } id && id.Validity == next.Validity && id.Id < uint.MaxValue ? next with { Next = id.Id + 1 } : null;
            }

            at += message.Size;
        }

        return batch.Messages.Count(m => moved.From.Contains(m.Uid));
    }

    // What a stopped undo had begun of the batch that is taken back now.
    private static List<ServerReturn> Begun(Run run) =>
        [.. run.Entries.Reverse().TakeWhile(e => e is not UndoStarted and not ServerMoved).OfType<ServerReturn>().Reverse()];

    // Returns the messages that a stopped undo has moved or copied back.
    private static async Task<HashSet<uint>> MovedAsync(
        Run run, ImapDoor door, ServerBatch batch, List<ServerMessage> messages, CancellationToken ct)
    {
        if (Begun(run) is not [.., var last])
        {
            run.Append(await NextAsync(door, await FolderAsync(door, batch.Folder, ct), ct));
            return [];
        }

        var folder = await door.OpenFolderAsync(batch.Folder, FolderAccess.ReadOnly, ct);
        return [.. (await ImapMatch.FindAsync(door, folder, First(last, folder), messages, ct)).Keys];
    }

    // Whether the message whose append was not answered is in the folder, octet for octet.
    private static async Task<bool> IsAppendedAsync(
        ImapDoor door, ServerBatch batch, ServerReturn last, SafeFileHandle archive, CancellationToken ct)
    {
        var number = batch.Messages.ToList().FindIndex(m => m.Uid == last.Uid);
        if (number < 0)
        {
            return false;
        }

        var message = batch.Messages[number];
        var folder = await door.OpenFolderAsync(batch.Folder, FolderAccess.ReadOnly, ct);
        var found = await ImapMatch.FindAsync(door, folder, First(last, folder), [message], ct);
        if (!found.TryGetValue(message.Uid, out var uid))
        {
            return false;
        }

        using var there = new MemoryStream();
        await door.AskAsync(
            async _ =>
            {
                await using var stream = await folder.GetStreamAsync(new UniqueId(folder.UidValidity, uid), ct);
                await stream.CopyToAsync(there, ct);
            },
            ct);
        var kept = Octets(archive, batch.Messages.Take(number).Sum(m => m.Size), message);
        return kept.Span.SequenceEqual(there.GetBuffer().AsSpan(0, (int)there.Length));
    }

    private static ReadOnlyMemory<byte> Octets(SafeFileHandle archive, long at, ServerMessage message)
    {
        var bytes = new byte[message.Size];
        return bytes.AsMemory(0, RandomAccess.Read(archive, bytes, at));
    }

    // Numbers of an earlier UIDVALIDITY say nothing, so the whole folder is looked through then.
    private static uint First(ServerReturn begun, ImapFolder folder) => begun.Validity == folder.UidValidity ? begun.Next : 1;

    private static async Task<ServerReturn> NextAsync(ImapDoor door, ImapFolder folder, CancellationToken ct)
    {
        await door.AskAsync(_ => folder.StatusAsync(StatusItems.UidNext | StatusItems.UidValidity, ct), ct);
        return new(0, folder.UidValidity, folder.UidNext?.Id ?? 1);
    }

    private static Task<ImapFolder> FolderAsync(ImapDoor door, string name, CancellationToken ct) =>
        door.AskAsync(async c => (ImapFolder)await c.GetFolderAsync(name, ct), ct);
}
