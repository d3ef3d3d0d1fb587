using Backstop.Posix;

namespace Backstop.Mailboxes.Reading;

/// <summary>A message found in a file, a Maildir or an mbox.</summary>
/// <param name="Path">The file; for an mbox with <c>#</c> and the number of the message.</param>
/// <param name="Bytes">The message, without the mbox separator and its quoting; cut at <see cref="MessageFiles.MaxMessage"/>.</param>
public sealed record FoundMessage(string Path, ReadOnlyMemory<byte> Bytes);

/// <summary>Reads messages from files, Maildirs and mboxes, one at a time; never changes anything.</summary>
public static class MessageFiles
{
    /// <summary>The most octets read of one message; everything that decides is at its beginning.</summary>
    public const int MaxMessage = 4 << 20;

    /// <summary>
    /// Returns the messages of a path: a message file, an mbox, a Maildir with its folders, or a directory of message
    /// files.
    /// </summary>
    /// <param name="path">An existing file or directory.</param>
    public static IEnumerable<FoundMessage> Read(string path) => List(path).SelectMany(ReadFile);

    /// <summary>Returns the files of a path: itself, or those of a directory or a Maildir with its folders.</summary>
    /// <param name="path">An existing file or directory.</param>
    public static IEnumerable<string> List(string path) => !Directory.Exists(path)
        ? [path]
        : MaildirTree.Is(path)
            ? Directory.EnumerateDirectories(path, ".*").Where(MaildirTree.Is).Prepend(path)
                .SelectMany(d => MaildirTree.Parts.Select(s => Path.Combine(d, s)))
                .SelectMany(d => Directory.EnumerateFiles(d).Order(StringComparer.Ordinal))
            : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    /// <summary>Returns the messages in a file: one, or those of an mbox.</summary>
    /// <param name="file">The path of a message or an mbox.</param>
    internal static IEnumerable<FoundMessage> ReadFile(string file) => IsMbox(file) ? ReadMbox(file) : [ReadWhole(file)];

    /// <summary>Returns the messages in a file, or none if it has not changed; a move into its folder is a change.</summary>
    /// <param name="file">The path of a message or an mbox.</param>
    /// <param name="since">The time of the last check; null for all.</param>
    internal static IEnumerable<FoundMessage> ReadChanged(string file, DateTimeOffset? since) =>
        since is not null && Libc.ChangedAt(file) < since ? [] : ReadFile(file);

    /// <summary>Reads a file as one message, even if it begins like an mbox, for input to a filter.</summary>
    /// <param name="file">The path of a message.</param>
    internal static FoundMessage ReadWhole(string file) => new(file, ReadStart(file));

    /// <summary>Whether a file begins like an mbox.</summary>
    /// <param name="path">The file.</param>
    public static bool IsMbox(string path)
    {
        using var file = RegularFile.Open(path, followLinks: true);
        Span<byte> start = stackalloc byte[5];
        return RandomAccess.Read(file, start, 0) == 5 && start.SequenceEqual("From "u8);
    }

    private static byte[] ReadStart(string path)
    {
        using var file = RegularFile.Open(path, followLinks: true);
        var bytes = new byte[Math.Min(RandomAccess.GetLength(file), MaxMessage)];
        var length = RandomAccess.Read(file, bytes, 0);
        return length == bytes.Length ? bytes : bytes[..length];
    }

    private static IEnumerable<FoundMessage> ReadMbox(string path)
    {
        using var file = RegularFile.Open(path, followLinks: true);
        var number = 0;
        foreach (var message in MboxReader.Read(file, MaxMessage))
        {
            number++;
            yield return new(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}#{number}"), message.Content());
        }
    }
}
