namespace Backstop.Recipes.Running;

/// <summary>
/// What recipes need from outside: programs, folders, lockfiles, rcfiles, a log. A delivery agent writes folders at once; a server only
/// plans what to write.
/// </summary>
public interface IRecipeHost
{
    /// <summary>The host's name, which <c>HOST</c> is compared with.</summary>
    string HostName { get; }

    /// <summary>Runs a program.</summary>
    /// <param name="program">The program, its input and its limits.</param>
    ProgramOutcome Run(ProgramCall program);

    /// <summary>Delivers to a folder, or to several.</summary>
    /// <param name="delivery">The message and the folders.</param>
    FolderOutcome Deliver(FolderCall delivery);

    /// <summary>Takes a lockfile, waiting for it; null where it cannot be had.</summary>
    /// <param name="lockfile">The lockfile, and how long to wait.</param>
    IDisposable? Lock(LockCall lockfile);

    /// <summary>Reads an rcfile; null where it is not there, not readable, or not to be trusted.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="known">What this or another host read there before, or null; may be given back while the file is the same.</param>
    RcFileText? ReadRcFile(string path, RcFileText? known);

    /// <summary>Whether a directory can be entered.</summary>
    /// <param name="path">An absolute path.</param>
    bool CanEnter(string path);

    /// <summary>Sets the file that the log is written to from now on.</summary>
    /// <param name="path">Absolute, or empty for none.</param>
    void OpenLog(string path);

    /// <summary>Writes to the log.</summary>
    /// <param name="text">Lines with their newlines, one char an octet.</param>
    void Log(string text);

    /// <summary>Waits before the next try.</summary>
    /// <param name="duration">How long.</param>
    void Pause(TimeSpan duration);

    /// <summary>Whether a sender may be sent an automatic answer now. If so, it is remembered as sent.</summary>
    /// <param name="sender">The sender that would be answered.</param>
    bool MayReply(string sender);

    /// <summary>Whether <see cref="MayReply"/> would say no because the sender was answered already; notes nothing.</summary>
    /// <param name="sender">The sender that would be answered.</param>
    bool WasAnswered(string sender) => false;

    /// <summary>Whether the mailbox may send another mail on now. What it may not is tried again later.</summary>
    bool MayForward() => true;

    /// <summary>Counts a mail that is sent on now.</summary>
    void NoteForward()
    {
    }

    /// <summary>
    /// Whether this run has done something visible outside (a program, a mail): then it must not be started again. A host without a
    /// limit on forwards may always return false.
    /// </summary>
    bool HasActed => false;

    /// <summary>Whether a program may run a second time without visible effect, if the run is started again.</summary>
    /// <param name="program">The program, its input and its limits.</param>
    bool IsRepeatable(ProgramCall program) => false;

    /// <summary>Whether a delivery may happen a second time without visible effect, because it is undone with the run.</summary>
    /// <param name="delivery">The message and the folders.</param>
    bool IsRepeatable(FolderCall delivery) => false;
}

/// <summary>The text of an rcfile.</summary>
/// <param name="Text">One char an octet.</param>
/// <param name="Stamp">How the host recognises an unchanged file, and the user it was read for; null if the file is read each time.</param>
public sealed record RcFileText(string Text, object? Stamp = null);

/// <summary>A program to run.</summary>
/// <param name="Arguments">The program and its arguments; none for standard output.</param>
/// <param name="Environment">All variables.</param>
/// <param name="Directory">Where it runs.</param>
/// <param name="Input">Its standard input, in pieces.</param>
/// <param name="Output">Where its output goes; its errors go to the log.</param>
/// <param name="Waits">Whether its end is waited for.</param>
/// <param name="TimeLimit">How long it may take; null for any time.</param>
/// <param name="Umask">For the files it makes.</param>
public sealed record ProgramCall(
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string Directory,
    IReadOnlyList<ReadOnlyMemory<byte>> Input,
    ProgramOutput Output,
    bool Waits,
    TimeSpan? TimeLimit,
    int Umask);

/// <summary>Where a program's output goes.</summary>
public enum ProgramOutput
{
    /// <summary>It is discarded.</summary>
    Discarded,

    /// <summary>It is returned to the caller.</summary>
    Wanted,

    /// <summary>It is written to the log.</summary>
    Logged,
}

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status; 128 and the signal where one killed it; null where its end was not waited for.</param>
/// <param name="Output">What it printed, where that was wanted; else empty.</param>
/// <param name="TookAll">Whether it read all of its input.</param>
/// <param name="TimedOut">Whether it was killed for its time limit.</param>
public sealed record ProgramOutcome(int? Status, ReadOnlyMemory<byte> Output, bool TookAll, bool TimedOut);

/// <summary>A message for folders.</summary>
/// <param name="Names">The folders as written: <c>file</c>, <c>directory</c>, <c>maildir/</c>, <c>mh/.</c>.</param>
/// <param name="Directory">What relative names are relative to.</param>
/// <param name="Mail">What is written.</param>
/// <param name="Umask">For the files made.</param>
/// <param name="MessagePrefix">MSGPREFIX.</param>
/// <param name="LocksMbox">Whether an mbox is to be locked by its lockfile too.</param>
/// <param name="Locks">How to wait for locks.</param>
public sealed record FolderCall(
    IReadOnlyList<string> Names,
    string Directory,
    FolderMail Mail,
    int Umask,
    string MessagePrefix,
    bool LocksMbox,
    LockTimes Locks);

/// <summary>What is written to a folder.</summary>
/// <param name="Content">The message or the part of it, in pieces.</param>
/// <param name="IsRaw">Whether it is written as it is.</param>
/// <param name="HasHeader">Whether it begins with a header, so that a separator may be needed.</param>
public sealed record FolderMail(IReadOnlyList<ReadOnlyMemory<byte>> Content, bool IsRaw, bool HasHeader);

/// <summary>The result of a delivery.</summary>
/// <param name="Name">What was written, for LASTFOLDER; what could not be, where <paramref name="Error"/> says so.</param>
/// <param name="Size">The octets written.</param>
/// <param name="Error">Why nothing was written, or null.</param>
public sealed record FolderOutcome(string Name, long Size, string? Error);

/// <summary>How long lockfiles are waited for.</summary>
/// <param name="Sleep">LOCKSLEEP: between two tries.</param>
/// <param name="Stale">LOCKTIMEOUT: after that an untouched lockfile belongs to nobody; null for never.</param>
public sealed record LockTimes(TimeSpan Sleep, TimeSpan? Stale);

/// <summary>A lockfile to take.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Name">As written, for the log.</param>
/// <param name="Times">How long it is waited for.</param>
public sealed record LockCall(string Path, string Name, LockTimes Times);
