using Backstop.Mailboxes.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Reading;

/// <summary>Opens what others have put into a folder: only regular files, and without ever waiting.</summary>
/// <remarks>A FIFO holds whoever opens it until somebody writes; a device may never end; a link in a Maildir leads where no message was put.</remarks>
public static class RegularFile
{
    /// <summary>Opens a file to read it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Whether a symbolic link is followed: for a path that a person named, not for what lies in a folder.</param>
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
