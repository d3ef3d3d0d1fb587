using System.Text;
using Backstop.Posix;
using Backstop.Recipes.Running;

namespace Backstop.Deliver;

/// <summary>Reads rcfiles that only their user or root can write: whoever can write one can run programs as that user.</summary>
internal static class RcFileReader
{
    private const int GroupWrite = 0x10;
    private const int OtherWrite = 0x2;
    private const int Sticky = 0x200;

    // Nobody's recipes are larger; a larger file would only cost memory and time.
    private const int MaxSize = 16 << 20;

    /// <summary>Why an rcfile is not read.</summary>
    public enum Problem
    {
        /// <summary>It was read.</summary>
        None,

        /// <summary>It does not exist, is not a regular file or may not be read.</summary>
        Unreadable,

        /// <summary>Another user owns it or may write it.</summary>
        Suspicious,
    }

    /// <summary>Reads an rcfile that was read before: the same again while the file and the user are the same.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="user">The user whose mail is delivered.</param>
    /// <param name="known">What was read before, or null.</param>
    /// <param name="text">What is read; null where there is a problem.</param>
    public static Problem TryReadAgain(string path, int user, RcFileText? known, out RcFileText? text)
    {
        // Taken before the text is: a file that changes meanwhile is read once more.
        var stamp = Status(path) is { } file ? (user, file.Stamp) : default((int, (long, long, long))?);
        if (known is not null && stamp is not null && stamp.Equals(known.Stamp))
        {
            text = known;
            return Problem.None;
        }

        var problem = TryRead(path, user, isDefault: false, out var read);
        text = problem == Problem.None ? new(read, stamp) : null;
        return problem;
    }

    /// <summary>Reads an rcfile.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="user">The user whose mail is delivered.</param>
    /// <param name="isDefault">Whether it is the default rcfile: then its group may not write it either.</param>
    /// <param name="text">Its text, one char an octet.</param>
    public static Problem TryRead(string path, int user, bool isDefault, out string text)
    {
        text = "";
        if (Status(path) is not { } file || Directory.Exists(NativeText.Path(path)))
        {
            return Problem.Unreadable;
        }

        var folder = Status(Path.GetDirectoryName(path) ?? "/") ?? file;
        if ((file.User != user && file.User != 0) || (file.Mode & OtherWrite) != 0 || (isDefault && (file.Mode & GroupWrite) != 0)
            || ((folder.Mode & OtherWrite) != 0 && (folder.Mode & Sticky) == 0))
        {
            return Problem.Suspicious;
        }

        try
        {
            using var handle = RegularFile.Open(NativeText.Path(path), followLinks: true);
            var bytes = new byte[Math.Min(RandomAccess.GetLength(handle), MaxSize)];
            var read = RandomAccess.Read(handle, bytes, 0);
            text = Encoding.Latin1.GetString(bytes, 0, read);
            return Problem.None;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Problem.Unreadable;
        }
    }

    // The time of change moves with content, owner and permissions.
    private static (int User, int Mode, (long, long, long) Stamp)? Status(string path) =>
        FileStatus.TryOf(NativeText.From(path)) is { } file
            ? ((int)file.User, file.Mode, (file.Size, file.ChangedSeconds, file.ChangedNanoseconds))
            : null;
}
