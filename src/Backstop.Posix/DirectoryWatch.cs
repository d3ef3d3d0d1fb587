using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>Says when a file goes from a directory (inotify(7)). Costs no thread, unlike the watcher of .NET.</summary>
internal sealed partial class DirectoryWatch : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const uint MovedFrom = 0x40;
    private const uint Deleted = 0x200;
    private const short Readable = 1;

    private readonly SafeFileHandle _handle;

    private DirectoryWatch(SafeFileHandle handle) => _handle = handle;

    /// <summary>Watches; null where the kernel has no watch left for us.</summary>
    public static DirectoryWatch? TryOpen(string directory)
    {
        var handle = Init(CloseOnExec | NonBlocking);
        if (!handle.IsInvalid && AddWatch(handle, directory, MovedFrom | Deleted) >= 0)
        {
            return new(handle);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Waits until something has gone, or the time is up; without a watch for the time.</summary>
    public static void Wait(DirectoryWatch? watch, TimeSpan limit)
    {
        var waited = new PollEntry { File = watch is null ? -1 : (int)watch._handle.DangerousGetHandle(), Events = Readable };
        if (Poll(ref waited, 1, (int)limit.TotalMilliseconds) > 0 && watch is not null)
        {
            Span<byte> events = stackalloc byte[4096];
            while (Read(watch._handle, ref MemoryMarshal.GetReference(events), events.Length) > 0)
            {
            }
        }
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial SafeFileHandle Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle handle, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entries, ulong count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle handle, ref byte buffer, nint length);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
