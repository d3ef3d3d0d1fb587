namespace Backstop.Mailboxes.Runs;

/// <summary>A change to the end of an mbox file: everything from an offset on is replaced.</summary>
/// <param name="Path">The file.</param>
/// <param name="Keep">The number of octets that stay.</param>
/// <param name="OldSize">The size before.</param>
/// <param name="NewSize">The size afterwards.</param>
/// <param name="OldCheck">CRC-32C of the octets that the change cuts off the end; 0 if it makes the file
/// longer.</param>
/// <param name="Staged">The file in the run's folder with the octets that follow <paramref name="Keep"/>.</param>
internal sealed record MboxEdit(string Path, long Keep, long OldSize, long NewSize, uint OldCheck, string Staged);
