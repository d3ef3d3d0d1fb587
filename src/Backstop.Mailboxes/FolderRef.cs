namespace Backstop.Mailboxes;

/// <summary>The formats of a mailbox.</summary>
public enum FolderFormat
{
    /// <summary>Maildir++: one file a message, folders as dot-directories.</summary>
    Maildir,

    /// <summary>mbox: one file a folder, folders beside the inbox.</summary>
    Mbox,
}

/// <summary>A folder to deliver to.</summary>
/// <param name="Format">Maildir or mbox.</param>
/// <param name="Path">The mailbox: the Maildir's directory, or the inbox's mbox file. Absolute; never derived from
/// mail.</param>
/// <param name="Folder">INBOX, or a folder's name.</param>
public sealed record FolderRef(FolderFormat Format, string Path, string Folder)
{
    /// <summary>The name of the mailbox's own folder.</summary>
    public const string Inbox = "INBOX";

    /// <summary>Whether this is the inbox.</summary>
    public bool IsInbox => Folder == Inbox;
}
