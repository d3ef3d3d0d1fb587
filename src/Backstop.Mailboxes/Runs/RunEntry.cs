using System.Text.Json.Serialization;

namespace Backstop.Mailboxes.Runs;

/// <summary>One line of a run's log: what is about to be done, written before it is done; or that something is done.</summary>
/// <remarks>The kinds stand together because only together they are the format of the file. Fields are added, never changed.</remarks>
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
[JsonDerivedType(typeof(UndoDone), "undone")]
public abstract record RunEntry;

/// <summary>The first line of a log: a run over a mailbox has begun.</summary>
/// <param name="Mailbox">The mailbox: an absolute path, or the address of a folder on a server.</param>
/// <param name="Format"><c>maildir</c>, <c>mbox</c> or <c>imap</c>.</param>
/// <param name="To">The folder that messages go to.</param>
/// <param name="At">When.</param>
public sealed record RunStarted(string Mailbox, string Format, string To, DateTimeOffset At) : RunEntry;

/// <summary>A file or directory that was not there, about to be made.</summary>
/// <param name="Path">Absolute.</param>
internal sealed record PathCreated(string Path) : RunEntry;

/// <summary>A Maildir file about to be renamed.</summary>
/// <param name="From">Below the mailbox.</param>
/// <param name="To">Below the mailbox.</param>
internal sealed record FileMove(string From, string To) : RunEntry;

/// <summary>A Maildir file about to be deleted; its copy lies in the run's folder.</summary>
/// <param name="From">Below the mailbox.</param>
/// <param name="Archive">The file of the run's folder that holds the copy.</param>
/// <param name="Offset">Where the copy begins there.</param>
/// <param name="Length">Its octets.</param>
/// <param name="ModifiedAt">The file's time.</param>
/// <param name="Mode">Its rights.</param>
internal sealed record FileArchived(
    string From, string Archive, long Offset, long Length, DateTimeOffset ModifiedAt, UnixFileMode Mode) : RunEntry;

/// <summary>A message to cut out of an mbox.</summary>
/// <param name="At">Its offset.</param>
/// <param name="Length">Octets, from its separator to the next one.</param>
/// <param name="Key">Knows it again: <see cref="MboxKey"/>.</param>
public readonly record struct MboxCut(long At, long Length, uint Key);

/// <summary>What a run takes out of an mbox, and where it puts it.</summary>
/// <param name="Cuts">In the order of the file.</param>
/// <param name="NewSize">The size of the mbox behind it.</param>
/// <param name="NewCheck">CRC-32C of what then lies from the first cut to its end.</param>
/// <param name="Target">The mbox that the messages go to; empty for the run's own folder.</param>
/// <param name="TargetSize">Its size before.</param>
/// <param name="TargetAt">Where the first one lies there, behind an empty line.</param>
/// <param name="Archive">The file of the run's own folder, where there is no target.</param>
internal sealed record MboxCuts(
    IReadOnlyList<MboxCut> Cuts, long NewSize, uint NewCheck, string Target, long TargetSize, long TargetAt, string Archive) : RunEntry;

/// <summary>
/// Changes to mbox files, about to be made; everything needed to make them lies on the disk. Until <see cref="MboxEdited"/> they
/// are made again.
/// </summary>
/// <param name="Edits">In this order.</param>
internal sealed record MboxEdits(IReadOnlyList<MboxEdit> Edits) : RunEntry;

/// <summary>They are made.</summary>
internal sealed record MboxEdited : RunEntry;

/// <summary>A folder that was not there, about to be made on the server.</summary>
/// <param name="Name">Its full name.</param>
internal sealed record ServerFolder(string Name) : RunEntry;

/// <summary>A message on a server.</summary>
/// <param name="Uid">RFC 3501 §2.3.1.1.</param>
/// <param name="Size">RFC822.SIZE.</param>
/// <param name="Received">INTERNALDATE in seconds since 1970.</param>
/// <param name="Flags">Its system flags, as RFC 3501 §2.3.2 writes them.</param>
internal readonly record struct ServerMessage(uint Uid, long Size, long Received, string Flags);

/// <summary>Messages about to be moved on a server.</summary>
/// <param name="Folder">Out of this one.</param>
/// <param name="Validity">Its UIDVALIDITY.</param>
/// <param name="Messages">The messages.</param>
/// <param name="Target">Into this one; empty for deletion.</param>
/// <param name="TargetNext">The target's UIDNEXT before: what came with this batch has no lower number.</param>
/// <param name="Archive">For deletion: the file of the run's folder that holds them, one behind the other, each as long as its size
/// says.</param>
internal sealed record ServerBatch(
    string Folder, uint Validity, IReadOnlyList<ServerMessage> Messages, string Target, uint TargetNext, string Archive) : RunEntry;

/// <summary>They are moved.</summary>
/// <param name="Validity">The target's UIDVALIDITY.</param>
/// <param name="From">Their numbers before.</param>
/// <param name="To">Their numbers now, in the same order; empty where the server does not say.</param>
internal sealed record ServerMoved(uint Validity, IReadOnlyList<uint> From, IReadOnlyList<uint> To) : RunEntry;

/// <summary>Everything that was asked for is done.</summary>
/// <param name="Moved">How many messages.</param>
/// <param name="At">When.</param>
public sealed record RunDone(int Moved, DateTimeOffset At) : RunEntry;

/// <summary>The run is about to be taken back.</summary>
/// <param name="At">When.</param>
internal sealed record UndoStarted(DateTimeOffset At) : RunEntry;

/// <summary>It is taken back.</summary>
/// <param name="Restored">How many messages.</param>
/// <param name="At">When.</param>
internal sealed record UndoDone(int Restored, DateTimeOffset At) : RunEntry;
