using System.Globalization;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;
using Backstop.Posix;
using Backstop.Server.Web.Pages;

namespace Backstop.Server.Web;

/// <summary>
/// Lists filed mail, shows it and gives it back. File names come from the folders themselves, never from a request.
/// </summary>
/// <param name="recipients">Returns the mailboxes.</param>
/// <param name="folders">Returns the folders beside the inbox.</param>
/// <param name="runs">Records moves, so that <c>undo</c> can take them back.</param>
/// <param name="time">The clock.</param>
internal sealed class FiledMail(Func<Recipients> recipients, Func<IReadOnlyList<string>> folders, RunStore runs, TimeProvider time)
{
    // Only the newest messages of a folder are read. For older mail there are mail programs.
    private const int MaxLooked = 3000;
    private const int MaxHeader = 32 << 10;

    // For the same reason only the end of an mbox is read: room for that many messages of ten KiB.
    private const long MaxRead = 32 << 20;

    /// <summary>The names of the folders.</summary>
    public IReadOnlyList<string> Folders => folders();

    /// <summary>Returns filed messages, the newest first.</summary>
    /// <param name="folder">The folder; empty for all.</param>
    /// <param name="text">A text to find in sender, subject, mailbox or reason; empty for any.</param>
    /// <param name="max">The most messages to return.</param>
    public IReadOnlyList<FiledMessage> List(string folder, string text, int max) =>
    [
        .. Ours
            .SelectMany(m => Folders.Where(f => folder.Length == 0 || f == folder).SelectMany(f => Readable(() => Read(m, f)) ?? []))
            .OrderByDescending(m => m.At)
            .Where(m =>
            text.Length == 0 || new[] { m.Subject, m.From, m.Mailbox, m.Reason }.Any(t =>
                t.Contains(text, StringComparison.OrdinalIgnoreCase)))
            .Take(max),
    ];

    /// <summary>Returns a message with its octets; null where it does not exist any more, or may not be read.</summary>
    public (FiledMessage Message, ReadOnlyMemory<byte> Octets)? Find(string mailbox, string folder, string id) =>
        Readable(() => FindNow(mailbox, folder, id));

    /// <summary>Moves a message to the inbox.</summary>
    /// <returns>The run, which <c>undo</c> can take back; null where the message does not exist any more.</returns>
    /// <exception cref="IOException">The message could not be moved.</exception>
    public async Task<string?> ReleaseAsync(string mailbox, string folder, string id, CancellationToken ct)
    {
        if (Place(mailbox, folder) is not { } at)
        {
            return null;
        }

        if (at.Format == FolderFormat.Maildir)
        {
            if (FileOf(at, id) is not { } path)
            {
                return null;
            }

            using var move = runs.Create(at.Path, "maildir", FolderRef.Inbox);
            var tree = MaildirTree.Open(at.Path);
            return new MaildirMover(move, tree).Move([Path.GetRelativePath(tree.Root, path)], ".", static () => { }, ct) == 1
                ? move.Id
                : null;
        }

        if (MessageAt(at, id) is not { } found)
        {
            return null;
        }

        using var run = runs.Create(MboxFolder.FileOf(at), "mbox", FolderRef.Inbox);
        return await new MboxMover(run, time)
            .MoveAsync(MboxFolder.FileOf(at), [new(found.Offset, found.Length, MboxKey.Of(found.Raw.Span))], at.Path, ct)
            ? run.Id
            : null;
    }

    private (FiledMessage Message, ReadOnlyMemory<byte> Octets)? FindNow(string mailbox, string folder, string id)
    {
        if (Place(mailbox, folder) is not { } at)
        {
            return null;
        }

        if (at.Format == FolderFormat.Maildir)
        {
            return FileOf(at, id) is { } path && ReadWhole(path) is { } octets
                ? (Describe(mailbox, folder, id, new DateTimeOffset(File.GetLastWriteTimeUtc(path)), octets), octets)
                : null;
        }

        return MessageAt(at, id) is { } found
            ? (Describe(mailbox, folder, id, Date(found, at), found.Content()), found.Content().ToArray())
            : null;
    }

    // What belongs to another user is not read or moved by this process, which may be root's: the user could make it any other file.
    private IEnumerable<Mailbox> Ours => recipients().Mailboxes.Where(m => m.User is null);

    private FolderRef? Place(string mailbox, string folder) =>
        Folders.Contains(folder, StringComparer.Ordinal) && Ours.FirstOrDefault(m => m.Keys[0] == mailbox) is { } found
            ? found.Folder(folder)
            : null;

    // A folder that this process may not read does not hide the others.
    private static T? Readable<T>(Func<T?> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private static List<FiledMessage> Read(Mailbox mailbox, string folder)
    {
        var at = mailbox.Folder(folder);
        if (at.Format == FolderFormat.Maildir)
        {
            var root = MaildirFolder.DirectoryOf(at);
            return [.. MaildirTree.Parts.Select(p => Path.Combine(root, p)).Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)
                .Select(f => (Path: f, Name: MaildirTree.Unique(Path.GetFileName(f)).ToString()))
                .OrderByDescending(f => f.Name, StringComparer.Ordinal).Take(MaxLooked)
                .Select(f =>
                ReadFront(f.Path) is { } front ? Describe(
                    mailbox.Keys[0], folder, f.Name, new DateTimeOffset(
                        File.GetLastWriteTimeUtc(f.Path)), front) : null).OfType<FiledMessage>()];
        }

        var file = MboxFolder.FileOf(at);
        return File.Exists(file) ? ReadMbox(mailbox.Keys[0], folder, file, at) : [];
    }

    private static List<FiledMessage> ReadMbox(string mailbox, string folder, string file, FolderRef at)
    {
        using var handle = RegularFile.Open(file, followLinks: true);
        var newest = new Queue<FiledMessage>();
        foreach (var m in MboxReader.Read(handle, MaxHeader, Math.Max(0, RandomAccess.GetLength(handle) - MaxRead)))
        {
            if (newest.Count == MaxLooked)
            {
                newest.Dequeue();
            }

            newest.Enqueue(Describe(mailbox, folder, m.Offset.ToString(CultureInfo.InvariantCulture), Date(m, at), m.Content()));
        }

        return [.. newest];
    }

    private static FiledMessage Describe(string mailbox, string folder, string id, DateTimeOffset at, ReadOnlyMemory<byte> octets)
    {
        var fields = new List<HeaderField>(32);
        HeaderScan.Scan(octets.Span, fields);
        var why = Text("X-Backstop");
        var reason = why.Split(';').Select(p => p.Trim())
            .FirstOrDefault(p => p.StartsWith("reason=", StringComparison.Ordinal))?["reason=".Length..]
            ?? "";
        return new(mailbox, folder, id, at, Text("From"), Text("Subject"), reason);

        string Text(string name)
        {
            foreach (var field in fields)
            {
                if (field.Is(octets.Span, System.Text.Encoding.ASCII.GetBytes(name)))
                {
                    return HeaderText.Decode(field.Body(octets.Span).Trim());
                }
            }

            return "";
        }
    }

    private static string? FileOf(FolderRef at, string id) =>
        MaildirTree.Parts.Select(p => Path.Combine(MaildirFolder.DirectoryOf(at), p)).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFiles)
            .FirstOrDefault(f => MaildirTree.Unique(Path.GetFileName(f)).SequenceEqual(id));

    private static MboxMessage? MessageAt(FolderRef at, string id)
    {
        var file = MboxFolder.FileOf(at);
        if (!File.Exists(file) || !long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return null;
        }

        using var handle = RegularFile.Open(file, followLinks: true);
        foreach (var message in MboxReader.Read(handle, MessageFiles.MaxMessage, offset))
        {
            return message.Offset == offset ? message with { Raw = message.Raw.ToArray() } : null;
        }

        return null;
    }

    private static DateTimeOffset Date(MboxMessage message, FolderRef at) =>
        MboxDate.Read(message.Separator) ?? new DateTimeOffset(File.GetLastWriteTimeUtc(MboxFolder.FileOf(at)));

    private static byte[]? ReadFront(string path) => ReadSome(path, MaxHeader);

    private static byte[]? ReadWhole(string path) => ReadSome(path, MessageFiles.MaxMessage);

    private static byte[]? ReadSome(string path, int max)
    {
        try
        {
            using var file = RegularFile.Open(path, followLinks: false);
            var octets = new byte[Math.Min(max, RandomAccess.GetLength(file))];
            return octets[..RandomAccess.Read(file, octets, 0)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The owner has read or moved the message meanwhile, or this process may not read it.
            return null;
        }
    }
}
