using Backstop.Posix;

namespace Backstop.Mailboxes.Reading;

/// <summary>Reads message files, thousands a second: four system calls each, into a reused buffer.</summary>
internal static class MessageFile
{
    private const int FirstSize = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>Reads a file and passes it to a function.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Whether a symbolic link is followed.</param>
    /// <param name="maxMessage">The most octets to read.</param>
    /// <param name="look">The function; the octets are valid only until it returns.</param>
    /// <param name="result">Why the function was not called: the file is gone because somebody moved it, or it is not a
    /// regular file.</param>
    /// <returns>The function's result, or null.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static T? Use<T>(string path, bool followLinks, int maxMessage, Func<ReadOnlyMemory<byte>, T> look, out OpenResult result)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(look);
        result = Libc.TryOpenRegular(path, followLinks, out var opened, out var error);
        using var file = opened;
        if (result is OpenResult.Gone or OpenResult.NotRegular)
        {
            return null;
        }

        Libc.ThrowIf(error, path);
        _buffer ??= new byte[FirstSize];
        var filled = 0;
        while (true)
        {
            var wanted = Math.Min(_buffer.Length, maxMessage) - filled;
            var read = Libc.Read(file!, _buffer.AsSpan(filled, wanted), path);
            filled += read;
            if (read < wanted || filled >= maxMessage)
            {
                break;
            }

            Array.Resize(ref _buffer, 2 * filled);
        }

        return look(_buffer.AsMemory(0, filled));
    }
}
