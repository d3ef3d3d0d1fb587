using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>Creates directories and syncs them to the disk.</summary>
internal static class Folders
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates a directory and its missing parents, for their owner only.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
    public static void Make(string path)
    {
        // .NET applies the mode only to the last directory.
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } above && !Directory.Exists(above))
        {
            Make(above);
        }

        Directory.CreateDirectory(path, OwnerOnly);
    }

    /// <summary>Syncs a directory's entries to the disk: after a rename or create, fsync of the file is not enough.</summary>
    internal static void Sync(string path)
    {
        using var handle = OpenDirectory(path);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Syncs everything on the file system of the path.</summary>
    internal static void SyncFileSystem(string path)
    {
        using var handle = OpenDirectory(path);
        Libc.SyncFileSystem(handle);
    }

    private static SafeFileHandle OpenDirectory(string path) => Libc.OpenDirectory(path);
}
