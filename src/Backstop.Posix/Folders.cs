using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>Directories: making them durably, and writing them to the disk.</summary>
internal static class Folders
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a directory, and those above it that are not there, for their owner only.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Make(string path)
    {
        // .NET gives the mode to the last one only.
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } above && !Directory.Exists(above))
        {
            Make(above);
        }

        Directory.CreateDirectory(path, OwnerOnly);
    }

    /// <summary>Writes a directory's entries to the disk: after a rename or a create, the file's own fsync is not enough.</summary>
    internal static void Sync(string path)
    {
        using var handle = OpenDirectory(path);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Writes all that is dirty on the file system that holds the path.</summary>
    internal static void SyncFileSystem(string path)
    {
        using var handle = OpenDirectory(path);
        Libc.SyncFileSystem(handle);
    }

    private static SafeFileHandle OpenDirectory(string path) => Libc.OpenDirectory(path);
}
