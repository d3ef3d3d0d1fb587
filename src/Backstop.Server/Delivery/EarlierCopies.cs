using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Spool;

namespace Backstop.Server.Delivery;

/// <summary>
/// Finds copies that an earlier run may have delivered where their mailbox was then: the mailbox has moved since, or the copy was
/// redirected. Without this a crash before the move would double them.
/// </summary>
/// <param name="host">This host's name, for file names.</param>
/// <param name="owner">Written into dot-locks.</param>
/// <param name="time">The clock.</param>
internal sealed class EarlierCopies(string host, string owner, TimeProvider time)
{
    // Read once for all messages of the earlier run, of which there may be many.
    private readonly Dictionary<FolderRef, MaildirFolder> _maildirs = [];

    /// <summary>Whether a copy is in a folder that it was for before.</summary>
    /// <param name="copy">A copy of a message that an earlier run may have delivered.</param>
    /// <param name="content">The envelope and body of its message.</param>
    /// <param name="now">The folder that it is for now.</param>
    public bool Has(Copy copy, SpoolContent content, FolderRef now)
    {
        // Recipes have decided on the folder, and run again after a crash.
        if (copy.IsPlanned)
        {
            return false;
        }

        var target = content.Envelope.Targets[copy.Target];
        return (copy.Message.Replayed && target.Folder != now && IsIn(target.Folder, copy, content, isOfThisRun: false))
            || (target.Earlier?.Any(f => f != now && IsIn(f, copy, content, isOfThisRun: !copy.Message.Replayed)) ?? false);
    }

    private bool IsIn(FolderRef folder, Copy copy, SpoolContent content, bool isOfThisRun)
    {
        try
        {
            return folder.Format == FolderFormat.Mbox
                ? new MboxFolder(folder, owner, time).Has(new(copy.Message.Entry, content, copy.Target, MayBeThere: true))
                : MaildirOf(folder, isOfThisRun).Has(copy.Message.Entry, content.Envelope, copy.Target);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that we may not read has no copy of ours; and mail must not be stuck because a former folder is out of reach.
            return false;
        }
    }

    private MaildirFolder MaildirOf(FolderRef folder, bool isOfThisRun)
    {
        if (isOfThisRun)
        {
            return new(folder, host);
        }

        lock (_maildirs)
        {
            return _maildirs.TryGetValue(folder, out var known) ? known : _maildirs[folder] = new(folder, host);
        }
    }
}
