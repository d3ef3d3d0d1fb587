using Backstop.Mailboxes.Posix;

namespace Backstop.Mailboxes.Reading;

/// <summary>A message found in a file, a Maildir or an mbox.</summary>
/// <param name="Path">The file; for an mbox with <c>#</c> and the number of the message.</param>
/// <param name="Bytes">The message, without the mbox separator and its quoting; cut at <see cref="MessageFiles.MaxMessage"/>.</param>
public sealed record FoundMessage(string Path, ReadOnlyMemory<byte> Bytes);

/// <summary>Lists messages, whatever holds them. Reads one at a time; never changes anything.</summary>
public static class MessageFiles
{
    /// <summary>How much of one message is read: what decides stands at the front.</summary>
    public const int MaxMessage = 4 << 20;

    /// <summary>The messages of a path: a message file, an mbox, a Maildir with its folders, or a directory of message files.</summary>
    /// <param name="path">An existing file or directory.</param>
    public static IEnumerable<FoundMessage> Read(string path) => Read(path, changedSince: null);

    /// <summary>The same without the files that have not changed, moves into their folder included.</summary>
    /// <param name="path">An existing file or directory.</param>
    /// <param name="changedSince">Since when; null for all.</param>
    public static IEnumerable<FoundMessage> Read(string path, DateTimeOffset? changedSince) =>
        (Directory.Exists(path) ? Files(path) : [path])
            .Where(f => changedSince is null || !(Libc.ChangedAt(f) < changedSince))
            .SelectMany(f => IsMbox(f) ? ReadMbox(f) : [new(f, ReadFile(f))]);

    /// <summary>Every file as one message, even where it begins like an mbox: what a filter is given.</summary>
    /// <param name="path">An existing file or directory.</param>
    public static IEnumerable<FoundMessage> ReadWhole(string path) => (Directory.Exists(path) ? Files(path) : [path]).Select(f => new FoundMessage(f, ReadFile(f)));

    private static IEnumerable<string> Files(string path)
    {
        return MaildirTree.Is(path)
            ? Directory.EnumerateDirectories(path, ".*").Where(MaildirTree.Is).Prepend(path)
                .SelectMany(d => MaildirTree.Parts.Select(s => Path.Combine(d, s)))
                .SelectMany(d => Directory.EnumerateFiles(d).Order(StringComparer.Ordinal))
            : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
    }

    /// <summary>Whether a file begins like an mbox.</summary>
    /// <param name="path">The file.</param>
    public static bool IsMbox(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> start = stackalloc byte[5];
        return RandomAccess.Read(file, start, 0) == 5 && start.SequenceEqual("From "u8);
    }

    private static byte[] ReadFile(string path)
    {
        using var file = File.OpenHandle(path);
        var bytes = new byte[Math.Min(RandomAccess.GetLength(file), MaxMessage)];
        var length = RandomAccess.Read(file, bytes, 0);
        return length == bytes.Length ? bytes : bytes[..length];
    }

    private static IEnumerable<FoundMessage> ReadMbox(string path)
    {
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite);
        var number = 0;
        foreach (var message in MboxReader.Read(file, MaxMessage))
        {
            number++;
            yield return new(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}#{number}"), message.Content());
        }
    }
}
