using Backstop.Mailboxes.Posix;

namespace Backstop.Mailboxes.Reading;

/// <summary>Reads message files, thousands a second: four system calls each, and no octets left behind.</summary>
public static class MessageFile
{
    private const int FirstSize = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>Reads a file and lets somebody look at it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxMessage">How much of it is read.</param>
    /// <param name="look">Looks at it; the octets are valid only until it returns.</param>
    /// <returns>What was seen, or null where the file is gone, for somebody has moved it, or is no regular file.</returns>
    public static T? Use<T>(string path, int maxMessage, Func<ReadOnlyMemory<byte>, T> look)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(look);
        using var file = Libc.TryOpenRegular(path, followLinks: true, out var error);
        if (error is Libc.NoEntry or Libc.NotRegular)
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
