using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>The result of statx(2).</summary>
/// <param name="User">The number of its owner.</param>
/// <param name="Group">The number of its group.</param>
/// <param name="Mode">Its type and permissions.</param>
/// <param name="Inode">Its number on its file system.</param>
/// <param name="Size">Its size in octets.</param>
/// <param name="ChangedSeconds">When its content, owner, permissions or directory last changed, in seconds since
/// 1970.</param>
/// <param name="ChangedNanoseconds">The nanoseconds of that time.</param>
internal readonly partial record struct FileStatus(
    uint User, uint Group, int Mode, ulong Inode, long Size, long ChangedSeconds, int ChangedNanoseconds)
{
    private const int TypeMask = 0xF000;
    private const int RegularType = 0x8000;
    private const int SocketType = 0xC000;
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicFields = 0x7FF;
    private const int Room = 256;

    /// <summary>Whether it is a regular file, not a directory, link, FIFO, socket or device.</summary>
    public bool IsRegular => (Mode & TypeMask) == RegularType;

    /// <summary>Whether it is a Unix socket.</summary>
    public bool IsSocket => (Mode & TypeMask) == SocketType;

    /// <summary>Examines a file; null with the system's error if that fails.</summary>
    public static FileStatus? TryOf(string path, bool followLinks, out int error)
    {
        Span<byte> status = stackalloc byte[Room];
        var isDone = StatX(AtCurrentDirectory, path, followLinks ? 0 : NoFollow, BasicFields, ref status[0]) == 0;
        return From(status, isDone, out error);
    }

    /// <summary>Examines a file whose path is octets that end in NUL, following links; null if that fails.</summary>
    public static FileStatus? TryOf(byte[] path)
    {
        Span<byte> status = stackalloc byte[Room];
        var isDone = StatX(AtCurrentDirectory, ref path[0], 0, BasicFields, ref status[0]) == 0;
        return From(status, isDone, out _);
    }

    /// <summary>Examines an open file; null with the system's error if that fails.</summary>
    public static FileStatus? TryOf(SafeFileHandle file, out int error)
    {
        Span<byte> status = stackalloc byte[Room];
        var isDone = StatX(file, "", EmptyPath, BasicFields, ref status[0]) == 0;
        return From(status, isDone, out error);
    }

    // struct statx (linux/stat.h): uid at 20, gid at 24, mode at 28, ino at 32, size at 40, ctime at 96.
    private static FileStatus? From(ReadOnlySpan<byte> status, bool isDone, out int error)
    {
        error = isDone ? 0 : Marshal.GetLastPInvokeError();
        return !isDone ? null : new(
            MemoryMarshal.Read<uint>(status[20..]), MemoryMarshal.Read<uint>(status[24..]), MemoryMarshal.Read<ushort>(status[28..]),
            MemoryMarshal.Read<ulong>(status[32..]), MemoryMarshal.Read<long>(status[40..]),
            MemoryMarshal.Read<long>(status[96..]), MemoryMarshal.Read<int>(status[104..]));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, ref byte status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatX(int directory, ref byte path, int flags, uint mask, ref byte status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle file, string path, int flags, uint mask, ref byte status);
}
