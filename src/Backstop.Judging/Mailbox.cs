using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Posix;

namespace Backstop.Judging;

/// <summary>A mailbox. Two are equal if they have the same main address and the same place.</summary>
/// <param name="Address">Its main address.</param>
/// <param name="Format">Maildir or mbox.</param>
/// <param name="Path">The absolute path of the Maildir or mbox; empty where another server keeps the mailbox.</param>
/// <param name="Keys">All its addresses as keys, the main one first.</param>
/// <param name="Recipes">The absolute path of its rcfile; empty for none.</param>
internal sealed record Mailbox(MailAddress Address, FolderFormat Format, string Path, IReadOnlyList<string> Keys, string Recipes)
{
    private readonly FolderRef _inbox = new(Format, Path, FolderRef.Inbox);

    /// <summary>The system user that it is written as; null for the user of the server.</summary>
    public UserAccount? User { get; init; }

    /// <summary>Returns one of its folders.</summary>
    /// <param name="name">INBOX or a folder's name.</param>
    public FolderRef Folder(string name) => name == FolderRef.Inbox ? _inbox : new(Format, Path, name);

    /// <summary>Whether both are the same mailbox.</summary>
    /// <param name="other">The other one.</param>
    public bool Equals(Mailbox? other) =>
        other is not null && string.Equals(Keys[0], other.Keys[0], StringComparison.Ordinal) && _inbox.Equals(other._inbox);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Keys[0], _inbox);
}
