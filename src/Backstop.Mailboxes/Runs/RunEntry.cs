using System.Text.Json.Serialization;

namespace Backstop.Mailboxes.Runs;

/// <summary>
/// One line of a run's log: a change that will be made, written before it is made; or the fact that it is done.
/// </summary>
/// <remarks>The kinds are in one file because together they define its format. Fields are added, never changed.</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "op")]
[JsonDerivedType(typeof(RunStarted), "run")]
[JsonDerivedType(typeof(PathCreated), "created")]
[JsonDerivedType(typeof(FileMove), "move")]
[JsonDerivedType(typeof(FileArchived), "archive")]
[JsonDerivedType(typeof(MboxCuts), "cuts")]
[JsonDerivedType(typeof(MboxEdits), "edits")]
[JsonDerivedType(typeof(MboxEdited), "edited")]
[JsonDerivedType(typeof(ServerFolder), "folder")]
[JsonDerivedType(typeof(ServerBatch), "batch")]
[JsonDerivedType(typeof(ServerMoved), "moved")]
[JsonDerivedType(typeof(RunDone), "done")]
[JsonDerivedType(typeof(UndoStarted), "undo")]
[JsonDerivedType(typeof(ServerReturn), "back")]
[JsonDerivedType(typeof(UndoDone), "undone")]
public abstract record RunEntry;

/// <summary>The first line of a log: a run over a mailbox has begun.</summary>
/// <param name="Mailbox">The mailbox: an absolute path, or the address of a folder on a server.</param>
/// <param name="Format"><c>maildir</c>, <c>mbox</c> or <c>imap</c>.</param>
/// <param name="To">The folder that messages go to.</param>
/// <param name="At">When.</param>
public sealed record RunStarted(string Mailbox, string Format, string To, DateTimeOffset At) : RunEntry;

/// <summary>A missing file or directory that will be created.</summary>
/// <param name="Path">Absolute.</param>
internal sealed record PathCreated(string Path) : RunEntry;

/// <summary>A Maildir file that will be renamed.</summary>
/// <param name="From">Below the mailbox.</param>
/// <param name="To">Below the mailbox.</param>
internal sealed record FileMove(string From, string To) : RunEntry;

/// <summary>A Maildir file that will be deleted; its copy is in the run's folder.</summary>
/// <param name="From">Below the mailbox.</param>
/// <param name="Archive">The file in the run's folder with the copy.</param>
/// <param name="Offset">The offset of the copy.</param>
/// <param name="Length">The length of the copy in octets.</param>
/// <param name="ModifiedAt">The file's modification time.</param>
/// <param name="Mode">The file's permissions.</param>
internal sealed record FileArchived(
    string From, string Archive, long Offset, long Length, DateTimeOffset ModifiedAt, UnixFileMode Mode) : RunEntry;

/// <summary>A message to remove from an mbox.</summary>
/// <param name="At">Its offset.</param>
/// <param name="Length">The octets from its separator to the next one.</param>
/// <param name="Key">Recognises it: <see cref="MboxKey"/>.</param>
public readonly record struct MboxCut(long At, long Length, uint Key);

/// <summary>The messages that a run removes from an mbox, and where it puts them.</summary>
/// <param name="Cuts">In the order of the file.</param>
/// <param name="NewSize">The size of the mbox afterwards.</param>
/// <param name="NewCheck">CRC-32C of the octets that then follow the first cut, to the end.</param>
/// <param name="Target">The mbox that the messages are appended to; empty for the run's own folder.</param>
/// <param name="TargetSize">Its size before.</param>
/// <param name="TargetAt">The offset of the first message there, behind an empty line.</param>
/// <param name="Archive">The file in the run's own folder, if there is no target.</param>
internal sealed record MboxCuts(
    IReadOnlyList<MboxCut> Cuts, long NewSize, uint NewCheck, string Target, long TargetSize, long TargetAt, string Archive) : RunEntry;

/// <summary>
/// Changes to mbox files that will be made; everything needed for them is on the disk. Until <see cref="MboxEdited"/>
/// follows, they are repeated after a crash.
/// </summary>
/// <param name="Edits">The changes, in order.</param>
internal sealed record MboxEdits(IReadOnlyList<MboxEdit> Edits) : RunEntry;

/// <summary>The changes were made.</summary>
internal sealed record MboxEdited : RunEntry;

/// <summary>A missing folder that will be created on the server.</summary>
/// <param name="Name">Its full name.</param>
internal sealed record ServerFolder(string Name) : RunEntry;

/// <summary>A message on a server.</summary>
/// <param name="Uid">RFC 3501 §2.3.1.1.</param>
/// <param name="Size">RFC822.SIZE.</param>
/// <param name="Received">INTERNALDATE in seconds since 1970.</param>
/// <param name="Flags">Its system flags, as RFC 3501 §2.3.2 writes them.</param>
internal readonly record struct ServerMessage(uint Uid, long Size, long Received, string Flags);

/// <summary>Messages that will be moved on a server.</summary>
/// <param name="Folder">The folder that they are in.</param>
/// <param name="Validity">Its UIDVALIDITY.</param>
/// <param name="Messages">What each is recognised by when the run is resumed or undone.</param>
/// <param name="Target">The folder to move them to; empty to delete them.</param>
/// <param name="TargetNext">The target's UIDNEXT before; the moved messages have no lower number.</param>
/// <param name="Archive">For deletion: the file in the run's folder with the messages, one behind the other, each as
/// long as its size.</param>
internal sealed record ServerBatch(
    string Folder, uint Validity, IReadOnlyList<ServerMessage> Messages, string Target, uint TargetNext, string Archive) : RunEntry;

/// <summary>The messages were moved.</summary>
/// <param name="Validity">The target's UIDVALIDITY.</param>
/// <param name="From">Their numbers before.</param>
/// <param name="To">Their new numbers in the same order; empty if the server does not state them.</param>
internal sealed record ServerMoved(uint Validity, IReadOnlyList<uint> From, IReadOnlyList<uint> To) : RunEntry;

/// <summary>The run is complete.</summary>
/// <param name="Moved">How many messages.</param>
/// <param name="At">When.</param>
public sealed record RunDone(int Moved, DateTimeOffset At) : RunEntry;

/// <summary>The run will be undone.</summary>
/// <param name="At">When.</param>
internal sealed record UndoStarted(DateTimeOffset At) : RunEntry;

/// <summary>Messages of a batch are about to come back to their folder on the server.</summary>
/// <param name="Uid">The message that is about to be appended; 0 where what is left of the batch is about to be moved.</param>
/// <param name="Validity">The folder's UIDVALIDITY.</param>
/// <param name="Next">The folder's UIDNEXT before: what comes back has no lower number.</param>
internal sealed record ServerReturn(uint Uid, uint Validity, uint Next) : RunEntry;

/// <summary>The run was undone.</summary>
/// <param name="Restored">How many messages were restored.</param>
/// <param name="At">When.</param>
internal sealed record UndoDone(int Restored, DateTimeOffset At) : RunEntry;
