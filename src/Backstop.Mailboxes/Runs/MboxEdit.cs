namespace Backstop.Mailboxes.Runs;

/// <summary>A change to the end of an mbox file: what lies from an offset on is replaced.</summary>
/// <param name="Path">The file.</param>
/// <param name="Keep">Octets that stay.</param>
/// <param name="OldSize">The size before.</param>
/// <param name="NewSize">The size behind it.</param>
/// <param name="OldCheck">CRC-32C of the octets that the change cuts off the end; nothing where it makes the file longer.</param>
/// <param name="Staged">The file in the run's folder that holds what comes behind <paramref name="Keep"/>.</param>
internal sealed record MboxEdit(string Path, long Keep, long OldSize, long NewSize, uint OldCheck, string Staged);
