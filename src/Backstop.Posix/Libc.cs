using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>System calls that .NET does not offer, or offers without saying when data reaches the disk.</summary>
/// <remarks>Paths are UTF-8 text; those named by a recipe are octets (<see cref="NativeText"/>).</remarks>
internal static partial class Libc
{
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int OtherFileSystem = 18;
    public const int NotPermitted = 1;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int OverQuota = 122;

    /// <summary>The mode 0600: reading and writing for the owner.</summary>
    public const int OwnerOnly = 0x180;

    public const int WriteOnly = 1;
    public const int Create = 0x40;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    /// <summary>F_SETFD of fcntl(2).</summary>
    public const int SetDescriptorFlags = 2;

    /// <summary>FD_CLOEXEC of fcntl(2).</summary>
    public const int CloseOnExecFlag = 1;

    /// <summary>F_SETFL of fcntl(2).</summary>
    public const int SetStatusFlags = 4;

    private const int ReadWrite = 2;
    private const int Exclusive = 0x80;
    private const int LinkLoop = 40;
    private const int NoDevice = 6;
    private const int AtCurrentDirectory = -100;
    private const uint NoReplace = 1;
    private const int SetOpenFileLock = 37;
    private const short WriteLock = 1;

    /// <summary>Creates a file for writing, readable by its owner only; fails if it exists.</summary>
    public static SafeFileHandle? TryCreateNew(string path, out int error) =>
        TryOpen(path, WriteOnly | Create | Exclusive | CloseOnExec, out error);

    /// <summary>Creates a file for writing; fails if it exists.</summary>
    public static SafeFileHandle? TryCreateNew(string path, int mode, out int error) =>
        TryOpen(path, WriteOnly | Create | Exclusive | CloseOnExec, out error, mode);

    /// <summary>Opens a file for reading and writing, and creates it if it is missing.</summary>
    public static SafeFileHandle? TryOpenOrCreate(string path, int mode, out int error) =>
        TryOpen(path, ReadWrite | Create | CloseOnExec, out error, mode);

    /// <summary>
    /// O_NOFOLLOW, one of the four flags of open(2) whose value depends on the processor; the others are O_DIRECTORY,
    /// O_DIRECT and O_LARGEFILE.
    /// </summary>
    /// <param name="processor">The processor of this process.</param>
    public static int NoFollow(Architecture processor) =>
        processor is Architecture.Arm64 or Architecture.Arm or Architecture.Armv6 or Architecture.Ppc64le ? 0x8000 : 0x20000;

    /// <summary>Opens a file for reading if it is a regular file; never blocks.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Whether a symbolic link is followed.</param>
    /// <param name="file">The open file, or null.</param>
    /// <param name="error">The system's error, or zero.</param>
    public static OpenResult TryOpenRegular(string path, bool followLinks, out SafeFileHandle? file, out int error)
    {
        file = TryOpen(path, CloseOnExec | NonBlocking | (followLinks ? 0 : NoFollow(RuntimeInformation.ProcessArchitecture)), out error);
        if (file is null)
        {
            // Sockets cannot be opened at all, and a link is not followed.
            return error switch
            {
                NoEntry => OpenResult.Gone,
                NoDevice => OpenResult.NotRegular,
                LinkLoop when !followLinks => OpenResult.NotRegular,
                _ => OpenResult.Failed,
            };
        }

        var result = KindOf(file, out error);
        if (result != OpenResult.Opened)
        {
            file.Dispose();
            file = null;
        }

        return result;
    }

    /// <summary>Opens a regular file that exists, to append to it; null if that is not possible. Follows no link; never blocks.</summary>
    public static SafeFileHandle? TryOpenToAppend(string path)
    {
        var flags = WriteOnly | Append | NonBlocking | CloseOnExec | NoFollow(RuntimeInformation.ProcessArchitecture);
        var file = TryOpen(path, flags, out _);
        if (file is null || KindOf(file, out _) == OpenResult.Opened)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Reads from the current position; returns less than asked for only at the end of the file.</summary>
    public static int Read(SafeFileHandle file, Span<byte> buffer, string path)
    {
        var read = Read(file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
        ThrowIf(read < 0 ? Marshal.GetLastPInvokeError() : 0, path);
        return (int)read;
    }

    /// <summary>
    /// Opens a directory so that it can be synced; <c>File.OpenHandle</c> refuses directories. Never waits, as a FIFO would have it.
    /// </summary>
    public static SafeFileHandle OpenDirectory(string path)
    {
        var handle = TryOpen(path, CloseOnExec | NonBlocking, out var error);
        ThrowIf(error, path);
        return handle!;
    }

    /// <summary>Renames a file unless the target exists; the kernel does both in one step.</summary>
    public static int RenameNoReplace(string from, string to) =>
        Call(RenameAt2(AtCurrentDirectory, from, AtCurrentDirectory, to, NoReplace));

    /// <summary>
    /// Returns when the file last changed in any way, including a move into its directory; .NET returns only the time
    /// of the content.
    /// </summary>
    public static DateTimeOffset? ChangedAt(string path) =>
        FileStatus.TryOf(path, followLinks: true, out _) is { } status ? DateTimeOffset.FromUnixTimeSeconds(status.ChangedSeconds) : null;

    /// <summary>Returns the inode number of a file.</summary>
    public static ulong InodeOf(string path)
    {
        var status = FileStatus.TryOf(path, followLinks: true, out var error);
        ThrowIf(error, path);
        return status!.Value.Inode;
    }

    public static int MakeLink(string from, string to) => Call(Link(from, to));

    public static int Remove(string path) => Call(Unlink(path));

    /// <summary>Syncs a file's content, and its size if that changed, to the disk.</summary>
    public static void SyncData(SafeFileHandle file) => ThrowIf(Call(FDataSync(file)), "fdatasync");

    /// <summary>Syncs everything on the file system of the file.</summary>
    public static void SyncFileSystem(SafeFileHandle file) => ThrowIf(Call(SyncFs(file)), "syncfs");

    /// <summary>
    /// Takes a write lock on the whole file without waiting. It is an open file description lock: it conflicts with the
    /// fcntl locks of other programs, but is not dropped when another handle of this process closes the file.
    /// </summary>
    public static bool TryLock(SafeFileHandle file)
    {
        var region = new FileLock { Type = WriteLock };
        var error = Call(FCntl(file, SetOpenFileLock, ref region));
        if (error is not (0 or TryAgain or AccessDenied))
        {
            ThrowIf(error, "fcntl");
        }

        return error == 0;
    }

    public static void ThrowIf(int error, string what)
    {
        if (error != 0)
        {
            throw new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    private static SafeFileHandle? TryOpen(string path, int flags, out int error, int mode = OwnerOnly)
    {
        var handle = Open(path, flags, mode);
        error = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        if (error == 0)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    /// <summary>
    /// Returns whether an open file is a regular file. Old kernels and sandboxes refuse statx; then the answer is
    /// unknown.
    /// </summary>
    internal static OpenResult KindOf(SafeFileHandle file, out int error)
    {
        var status = FileStatus.TryOf(file, out error);
        return status is null ? OpenResult.Failed
            : status.Value.IsRegular ? OpenResult.Opened
            : OpenResult.NotRegular;
    }

    private static int Call(int result) => result == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    public static partial SafeFileHandle Open(ref byte path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int file, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int file, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "access")]
    public static partial int Access(ref byte path, int mode);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial SafeFileHandle OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FCntl(SafeFileHandle file, int command, ref FileLock region);

    // struct flock of 64-bit Linux; start and length 0 mean the whole file, and OFD locks require process 0.
    [StructLayout(LayoutKind.Sequential)]
    private struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
