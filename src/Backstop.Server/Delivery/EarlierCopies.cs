using Backstop.Configuration.Options;
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

    /// <summary>The folders that a copy was for before.</summary>
    /// <param name="copy">A copy of a message that an earlier run may have delivered.</param>
    /// <param name="envelope">The envelope of its message.</param>
    /// <param name="now">The folder that it is for now.</param>
    public static IReadOnlyList<EarlierPlace> Of(Copy copy, SpoolEnvelope envelope, FolderRef now)
    {
        // Recipes have decided on the folder, and run again after a crash.
        if (copy.IsPlanned)
        {
            return [];
        }

        var target = envelope.Targets[copy.Target];
        var places = (target.Earlier ?? []).Select(f => new EarlierPlace(f, IsOfThisRun: !copy.Message.Replayed));
        return [.. (copy.Message.Replayed ? places.Prepend(new(target.Folder, IsOfThisRun: false)) : places).Where(p => p.Folder != now)];
    }

    /// <summary>Whether a copy is in a folder that it was for before.</summary>
    public bool Has(FolderCopy copy) => copy.Earlier.Any(p => IsIn(p, copy));

    private bool IsIn(EarlierPlace place, FolderCopy copy)
    {
        // Root opens nothing that another user may have changed into something else.
        if (MailboxUser.IsOfOther(place.Folder.Path))
        {
            return false;
        }

        try
        {
            return place.Folder.Format == FolderFormat.Mbox
                ? new MboxFolder(place.Folder, owner, time).Has(new(copy.Entry, copy.Content, copy.Target, MayBeThere: true))
                : MaildirOf(place).Has(copy.Entry, copy.Content.Envelope, copy.Target);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that we may not read has no copy of ours; and mail must not be stuck because a former folder is out of reach.
            return false;
        }
    }

    private MaildirFolder MaildirOf(EarlierPlace place)
    {
        if (place.IsOfThisRun)
        {
            return new(place.Folder, host);
        }

        lock (_maildirs)
        {
            return _maildirs.TryGetValue(place.Folder, out var known) ? known : _maildirs[place.Folder] = new(place.Folder, host);
        }
    }
}
