using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Mbox;

namespace Backstop.Server.Delivery;

/// <summary>Writes copies into one folder as the user of this process.</summary>
/// <param name="folder">The Maildir or mbox folder.</param>
/// <param name="host">This host's name, for file names.</param>
/// <param name="owner">Written into dot-locks.</param>
/// <param name="time">The clock.</param>
/// <param name="syncs">Whether what is written is on the disk at once; else the spool syncs it later.</param>
internal sealed class FolderWriter(FolderRef folder, string host, string owner, TimeProvider time, bool syncs = false) : IFolderWriter
{
    private readonly EarlierCopies _earlier = new(host, owner, time);
    private readonly MaildirFolder? _maildir = folder.Format == FolderFormat.Maildir ? new(folder, host) { Syncs = syncs } : null;
    private readonly MboxFolder? _mbox = folder.Format == FolderFormat.Mbox ? new(folder, owner, time) { Syncs = syncs } : null;

    /// <inheritdoc/>
    public bool[] Deliver(IReadOnlyList<FolderCopy> copies)
    {
        var isThere = copies.Select(_earlier.Has).ToArray();
        if (_maildir is not null)
        {
            for (var i = 0; i < copies.Count; i++)
            {
                if (!isThere[i])
                {
                    _maildir.Deliver(copies[i].Entry, copies[i].Content, copies[i].Target, copies[i].MayBeThere);
                    isThere[i] = true;
                }
            }

            return isThere;
        }

        int[] missing = [.. Enumerable.Range(0, copies.Count).Where(i => !isThere[i])];
        if (missing.Length > 0)
        {
            var written = _mbox!.Deliver(
                [.. missing.Select(i => copies[i]).Select(c => new MboxDelivery(c.Entry, c.Content, c.Target, c.MayBeThere))]);
            foreach (var i in missing.Take(written))
            {
                isThere[i] = true;
            }
        }

        return isThere;
    }

    /// <inheritdoc/>
    public string? LastId() => _mbox?.LastId();
}
