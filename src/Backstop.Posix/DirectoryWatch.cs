using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>Waits until a file is removed from a directory (inotify(7)). Uses no thread, unlike .NET's watcher.</summary>
internal sealed partial class DirectoryWatch : IDisposable
{
    private const uint MovedFrom = 0x40;
    private const uint Deleted = 0x200;

    private readonly SafeFileHandle _handle;

    private DirectoryWatch(SafeFileHandle handle) => _handle = handle;

    /// <summary>Begins to watch; null if the kernel has no watches left.</summary>
    public static DirectoryWatch? TryOpen(string directory)
    {
        var handle = Init(Libc.CloseOnExec | Libc.NonBlocking);
        if (!handle.IsInvalid && AddWatch(handle, directory, MovedFrom | Deleted) >= 0)
        {
            return new(handle);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Waits until a file was removed or the limit has passed; without a watch for the whole limit.</summary>
    public static void Wait(DirectoryWatch? watch, TimeSpan limit)
    {
        var waited = new Libc.PollEntry { File = watch is null ? -1 : (int)watch._handle.DangerousGetHandle(), Events = Libc.PollIn };
        if (Libc.Poll(ref waited, 1, (int)limit.TotalMilliseconds) > 0 && watch is not null)
        {
            Span<byte> events = stackalloc byte[4096];
            while (Libc.Read(watch._handle, ref MemoryMarshal.GetReference(events), events.Length) > 0)
            {
            }
        }
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial SafeFileHandle Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle handle, string path, uint mask);
}
