namespace Backstop.Clean;

/// <summary>Where backscatter is moved to.</summary>
/// <param name="Folder">The folder's name, not <c>INBOX</c>. The folder is created where it does not exist.</param>
/// <param name="IsDelete">Whether messages are removed from the mailbox. The run keeps a copy, from which undo restores
/// them.</param>
public sealed record CleanTarget(string Folder, bool IsDelete);
