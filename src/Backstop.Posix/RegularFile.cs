using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>Opens files that others may have put into a folder: only regular files, and without blocking.</summary>
/// <remarks>
/// Opening a FIFO blocks until somebody writes, and a device may have no end. A link in a Maildir may lead anywhere, so
/// code that moves, deletes or shows messages does not follow it. Code that only reads on behalf of its user does,
/// because people make folders of links from searches.
/// </remarks>
internal static class RegularFile
{
    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Whether a symbolic link at the path's end is followed. Links in its directories, such
    /// as a Maildir elsewhere, always are.</param>
    /// <exception cref="IOException">It does not exist, may not be read, or is not a regular file.</exception>
    public static SafeFileHandle Open(string path, bool followLinks)
    {
        var result = Libc.TryOpenRegular(path, followLinks, out var file, out var error);
        return result switch
        {
            OpenResult.Opened => file!,
            OpenResult.NotRegular => throw new IOException($"{path}: not a regular file"),
            OpenResult.Gone => throw new FileNotFoundException($"{path}: no such file", path),
            _ when error == Libc.AccessDenied => throw new UnauthorizedAccessException($"{path}: permission denied"),
            _ => throw new IOException($"{path}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}", error),
        };
    }
}
