using System.Text;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Posix;

namespace Backstop.Clean;

/// <summary>Finds and reads folders of sent mail.</summary>
internal static class SentFolders
{
    // Only the header of a sent message is read.
    private const int MaxHeader = 64 * 1024;

    private static readonly string[] _homes = ["mail", "Mail", ""];

    /// <summary>Finds the Sent folders that lie beside a mailbox on disk.</summary>
    /// <param name="mailbox">A Maildir, one folder of it, or an mbox.</param>
    public static IReadOnlyList<string> Beside(string mailbox)
    {
        if (Directory.Exists(mailbox))
        {
            var tree = MaildirTree.Open(mailbox);
            var whole = tree.Folders[0].Directory.Length == 0 ? tree : MaildirTree.Open(tree.Root);
            return [.. whole.Folders.Where(f => FolderNames.IsSent(f.Name)).Select(f => tree.PathOf(f.Directory))];
        }

        // An inbox in the system's mail spool has its folders in the home directory.
        var directory = Path.GetDirectoryName(Path.GetFullPath(mailbox))!;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var places = directory is "/var/mail" or "/var/spool/mail" ? _homes.Select(h => Path.Combine(home, h)) : [directory];
        return [.. places.Where(Directory.Exists).SelectMany(Directory.EnumerateFiles).Where(f =>
            FolderNames.IsSent(Path.GetFileNameWithoutExtension(f)) && Path.GetExtension(f) is "" or ".mbox" && MessageFiles.IsMbox(f))];
    }

    /// <summary>
    /// Reads a folder of sent mail, or a list of sent mail: on each line a Message-ID, a tab and the recipient.
    /// </summary>
    /// <param name="source">A Maildir or one folder of it, an mbox, or a list.</param>
    /// <param name="sent">Receives what is read.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="CleanException">The folder does not exist, or has another form.</exception>
    public static void Read(string source, SentMail sent, CancellationToken ct)
    {
        if (Directory.Exists(source))
        {
            ReadMaildir(source, sent, ct);
        }
        else if (!File.Exists(source))
        {
            throw new CleanException(CleanFailure.NoInput, $"{source}: no such file or folder");
        }
        else if (MessageFiles.IsMbox(source))
        {
            using var file = RegularFile.Open(source, followLinks: true);
            AddAll(MboxReader.Read(file, MaxHeader), m => SentHeader.Read(m.Raw.Span), sent, ct);
        }
        else
        {
            ReadList(source, sent);
        }
    }

    private static void ReadMaildir(string source, SentMail sent, CancellationToken ct)
    {
        if (!MaildirTree.Is(source))
        {
            throw new CleanException(CleanFailure.NoInput, $"{source}: not a Maildir: it has no folders cur and new");
        }

        var tree = MaildirTree.Open(source);
        AddAll(
            tree.Files(tree.Folders[0]),
            f => MessageFile.Use(tree.PathOf(f), followLinks: true, MaxHeader, m => SentHeader.Read(m.Span), out _),
            sent,
            ct);
    }

    private static void AddAll<T>(IEnumerable<T> messages, Func<T, SentHeader?> read, SentMail sent, CancellationToken ct) =>
        OnAllCores.Run(messages, read, ct).ForEach(h => sent.Add(h));

    private static void ReadList(string path, SentMail sent)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path, Encoding.Latin1))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var columns = line.Split('\t');
            var recipients = columns.Skip(1).Select(c => MailAddress.TryParse(c.Trim())).ToList();
            if (columns.Length < 2 || !columns[0].Contains('@', StringComparison.Ordinal) || recipients.Contains(null))
            {
                throw new CleanException(
                    CleanFailure.BadInput,
                    $"{path}:{number}:1: not a line of a list of sent mail; "
                        + "write a Message-ID, a tab and a recipient on each line, or name an mbox");
            }

            sent.Add(columns[0], recipients.OfType<MailAddress>());
        }
    }
}
