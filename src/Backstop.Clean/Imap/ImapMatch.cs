using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;

namespace Backstop.Clean.Imap;

/// <summary>
/// Finds moved messages again where the server did not tell their new numbers: by size and the second of arrival, which
/// a move keeps.
/// </summary>
internal static class ImapMatch
{
    /// <summary>Finds messages in an opened folder.</summary>
    /// <param name="door">A connection that is logged in.</param>
    /// <param name="folder">The folder to search.</param>
    /// <param name="first">The lowest number that a moved message can have.</param>
    /// <param name="messages">The messages to find.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>The new number of each message that was found, by its old number.</returns>
    public static async Task<Dictionary<uint, uint>> FindAsync(
        ImapDoor door, ImapFolder folder, uint first, IReadOnlyList<ServerMessage> messages, CancellationToken ct)
    {
        var there = new Dictionary<(long Size, long Received), Queue<uint>>();
        var range = new UniqueIdRange(folder.UidValidity, Math.Max(1, first), uint.MaxValue);
        var all = folder.Count == 0
            ? []
            : await door.AskAsync(
            _ => folder.FetchAsync(range, MessageSummaryItems.UniqueId | MessageSummaryItems.Size | MessageSummaryItems.InternalDate, ct),
            ct);
        foreach (var summary in all.Where(s => s.UniqueId.Id >= first).OrderBy(s => s.UniqueId.Id))
        {
            var key = (summary.Size ?? 0, summary.InternalDate?.ToUnixTimeSeconds() ?? 0);
            (there.TryGetValue(key, out var queue) ? queue : there[key] = new()).Enqueue(summary.UniqueId.Id);
        }

        var found = new Dictionary<uint, uint>();
        foreach (var message in messages)
        {
            if (there.TryGetValue((message.Size, message.Received), out var queue) && queue.TryDequeue(out var uid))
            {
                found[message.Uid] = uid;
            }
        }

        return found;
    }
}
