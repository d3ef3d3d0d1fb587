using Backstop.Clean.Imap;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean.Running;

/// <summary>Opens mailboxes by the name that a person gives.</summary>
/// <param name="store">The runs. Folders that earlier ones moved messages to are not read.</param>
/// <param name="access">What is needed to reach an IMAP server.</param>
/// <param name="time">The clock.</param>
public sealed class MailSources(RunStore store, ImapAccess access, TimeProvider time)
{
    /// <summary>Opens a mailbox. Reads the names of its folders and changes nothing.</summary>
    /// <param name="mailbox">A Maildir, an mbox, or <c>imaps://USER@HOST/FOLDER</c>.</param>
    /// <param name="options">The folder to move to, which is not read, and whether only the inbox of a Maildir
    /// is.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="CleanException">The mailbox does not exist, its form is not known, or the server cannot be
    /// reached or refuses the
    /// login.</exception>
    public async Task<IMailSource> OpenAsync(string mailbox, CleanOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        ArgumentNullException.ThrowIfNull(options);
        if (ImapAddress.Is(mailbox))
        {
            return await ImapSource.OpenAsync(ImapAddress.Parse(mailbox), access, options, time, ct);
        }

        if (Directory.Exists(mailbox))
        {
            return MaildirTree.Is(mailbox)
                ? new MaildirSource(mailbox, Targets(mailbox, options), options.IsInboxOnly)
                : throw new CleanException(CleanFailure.BadInput, $"{mailbox}: not a Maildir: it has no folders cur and new");
        }

        return !File.Exists(mailbox) ? throw new CleanException(CleanFailure.NoInput, $"{mailbox}: no such file or folder")
            : MessageFiles.IsMbox(mailbox) || new FileInfo(mailbox).Length == 0 ? new MboxSource(mailbox, time)
            : throw new CleanException(CleanFailure.BadInput, $"{mailbox}:1:1: not an mbox: it does not begin with a \"From \" line");
    }

    private HashSet<string> Targets(string mailbox, CleanOptions options)
    {
        var root = MaildirTree.Open(mailbox).Root;
        return [options.Target.Folder, .. store.List().Where(r =>
            r.Started.Mailbox == root && r.State != RunState.Undone).Select(r => r.Started.To)];
    }
}
