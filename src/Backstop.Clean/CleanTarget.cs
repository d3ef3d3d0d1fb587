namespace Backstop.Clean;

/// <summary>Where backscatter goes.</summary>
/// <param name="Folder">The folder's name.</param>
/// <param name="IsDelete">Out of the mailbox altogether: only the run keeps it.</param>
internal sealed record CleanTarget(string Folder, bool IsDelete);
