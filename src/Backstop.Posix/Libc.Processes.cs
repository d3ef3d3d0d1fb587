using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <content>Starting processes and waiting for them.</content>
internal static partial class Libc
{
    public const short PollIn = 1;
    public const short PollOut = 4;
    public const int SignalTerminate = 15;
    public const int SignalKill = 9;

    /// <summary>An upper limit for the size of struct posix_spawnattr_t and similar structs on Linux.</summary>
    public const int OpaqueSize = 512;

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(ref int files, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(ref PollEntry entries, ulong count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitFor(int process, ref int status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Signal(int process, int signal);

    /// <summary>pidfd_open(2): a file descriptor that becomes readable when the process ends.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint OpenProcess(nint number, nint process, nint flags);

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    public static partial int Spawn(
        ref int process, ref byte path, ref byte actions, ref byte attributes, nint arguments, nint environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int InitAttributes(ref byte attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static partial int FreeAttributes(ref byte attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SetFlags(ref byte attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    public static partial int SetGroup(ref byte attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SetDefaultSignals(ref byte attributes, ref byte set);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SetSignalMask(ref byte attributes, ref byte set);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static partial int EmptySignals(ref byte set);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    public static partial int AllSignals(ref byte set);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int InitActions(ref byte actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int FreeActions(ref byte actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddDuplicate(ref byte actions, int from, int to);

    /// <summary>Closes all descriptors from a number on (glibc 2.34).</summary>
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    public static partial int AddCloseFrom(ref byte actions, int from);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static partial int AddDirectory(ref byte actions, ref byte path);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
