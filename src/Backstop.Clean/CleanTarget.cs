namespace Backstop.Clean;

/// <summary>Where backscatter is moved to.</summary>
/// <param name="Folder">The folder's name; not <c>INBOX</c>. It is made where it is missing.</param>
/// <param name="IsDelete">Whether messages leave the mailbox altogether; only the run keeps them then, and undo brings them back.</param>
public sealed record CleanTarget(string Folder, bool IsDelete);
