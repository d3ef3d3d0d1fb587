using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <summary>Opens what others have put into a folder: only regular files, and without ever waiting.</summary>
/// <remarks>
/// A FIFO holds whoever opens it until somebody writes; a device may never end. A link in a Maildir leads where no message was put: what
/// moves, deletes or shows messages does not follow it. What only reads for the person who asks does, for people search their mail into
/// folders of links.
/// </remarks>
internal static class RegularFile
{
    /// <summary>Opens a file to read it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Whether a symbolic link at the path's end is followed. Links above it, such as a Maildir elsewhere, always
    /// are.</param>
    /// <exception cref="IOException">It is not there, may not be read, or is not a regular file.</exception>
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
