using System.Globalization;
using System.Text;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;

namespace Backstop.Mailboxes.Maildir;

/// <summary>Delivers to a Maildir++ folder: writes under tmp/, then renames into new/.</summary>
/// <remarks>
/// Invariant: the file name depends only on the spool entry, so a second delivery of an entry finds the first copy.
/// Nothing is synced here: the spool keeps the message until it has synced the file system, and delivers it again where the machine
/// stopped before that and the copy is gone or torn.
/// </remarks>
public sealed class MaildirFolder
{
    private readonly string _tmp;
    private readonly string _new;
    private readonly string _cur;
    private readonly string _host;
    private readonly FolderRef _folder;
    private readonly MaildirQuota _quota;
    private Dictionary<string, string>? _present;

    /// <summary>Sets the folder; does not access it yet.</summary>
    /// <param name="folder">A Maildir folder.</param>
    /// <param name="host">The host's name, for file names.</param>
    public MaildirFolder(FolderRef folder, string host)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(host);
        _folder = folder;
        _quota = new(folder.Path, TimeProvider.System);
        _host = MaildirLayout.HostInName(host);
        var root = DirectoryOf(folder);
        _tmp = Path.Combine(root, "tmp");
        _new = Path.Combine(root, "new");
        _cur = Path.Combine(root, "cur");
    }

    /// <summary>Whether a delivered message is on the disk at once; else its caller syncs the file system later.</summary>
    internal bool Syncs { get; init; }

    /// <summary>The directory of a folder: the Maildir itself, or a dot-directory inside it (Maildir++).</summary>
    /// <param name="folder">A Maildir folder.</param>
    internal static string DirectoryOf(FolderRef folder) =>
        folder.IsInbox ? folder.Path : Path.Combine(folder.Path, "." + folder.Folder);

    /// <summary>Delivers one copy of a message into the folder.</summary>
    /// <param name="entry">The spool entry.</param>
    /// <param name="content">The envelope and body of the entry.</param>
    /// <param name="target">The index of its target.</param>
    /// <param name="mayBeThere">Whether an earlier run may have delivered it; then the folder is searched
    /// first.</param>
    /// <exception cref="IOException">The message is not in the folder; with the number EDQUOT because the mailbox is over its
    /// quota.</exception>
    public void Deliver(SpoolEntry entry, SpoolContent content, int target, bool mayBeThere)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(content);
        var unique = Unique(entry, content.Envelope, target);
        var torn = mayBeThere ? Find(unique) : null;
        if (torn is not null && IsWhole(torn))
        {
            return;
        }

        var header = Encoding.UTF8.GetBytes(content.HeaderOf(target) + content.Envelope.Trace);
        var size = header.Length + content.Envelope.BodyLength;
        var lines = content.Envelope.Lines + header.AsSpan().Count((byte)'\n');

        // Dovecot reads S= (octets) and W= (octets with CRLF) and need not open the file.
        var name = string.Create(CultureInfo.InvariantCulture, $"{unique},S={size},W={size + lines}");
        var tmp = Path.Combine(_tmp, unique);
        if (torn is null)
        {
            // A torn copy was counted when it was whole.
            _quota.Check(size);
        }

        Write(tmp, header, content);
        if (torn is not null)
        {
            File.Move(tmp, torn, overwrite: true);
            if (Syncs)
            {
                Folders.Sync(Path.GetDirectoryName(torn)!);
            }

            return;
        }

        var error = Libc.RenameNoReplace(tmp, Path.Combine(_new, name));
        if (error != 0)
        {
            _ = Libc.Remove(tmp);
        }

        if (error != Libc.Exists)
        {
            Libc.ThrowIf(error, _new);
            if (Syncs)
            {
                Folders.Sync(_new);
            }

            _quota.Added(size);
        }
    }

    /// <summary>Whether a copy is in the folder. The folder is read once: a later copy is not seen.</summary>
    /// <param name="entry">The spool entry.</param>
    /// <param name="envelope">What the spool stores besides the body.</param>
    /// <param name="target">The index of its target.</param>
    internal bool Has(SpoolEntry entry, SpoolEnvelope envelope, int target) =>
        Find(Unique(entry, envelope, target)) is { } path && IsWhole(path);

    private void Write(string tmp, byte[] header, SpoolContent content)
    {
        using var file = Create(tmp);
        try
        {
            Write(file, header, content);
            if (Syncs)
            {
                Libc.SyncData(file);
            }
        }
        catch (IOException)
        {
            _ = Libc.Remove(tmp);
            throw;
        }
    }

    private static void Write(Microsoft.Win32.SafeHandles.SafeFileHandle file, byte[] header, SpoolContent content)
    {
        if (content.LargeFile is null)
        {
            RandomAccess.Write(file, [header, content.Body], 0);
            return;
        }

        RandomAccess.Write(file, header, 0);
        using var body = content.OpenBody();
        var buffer = new byte[128 * 1024];
        var at = (long)header.Length;
        for (int read; (read = body.Read(buffer)) > 0; at += read)
        {
            RandomAccess.Write(file, buffer.AsSpan(0, read), at);
        }
    }

    private Microsoft.Win32.SafeHandles.SafeFileHandle Create(string tmp)
    {
        var file = Libc.TryCreateNew(tmp, out var error);
        if (error == Libc.NoEntry)
        {
            MaildirLayout.Make(DirectoryOf(_folder), isInMailbox: !_folder.IsInbox);
            file = Libc.TryCreateNew(tmp, out error);
        }

        if (error == Libc.Exists)
        {
            // A crash in the middle of this delivery left it; nobody else uses this name.
            _ = Libc.Remove(tmp);
            file = Libc.TryCreateNew(tmp, out error);
        }

        Libc.ThrowIf(error, tmp);
        return file!;
    }

    private string Unique(SpoolEntry entry, SpoolEnvelope envelope, int target) => string.Create(
        CultureInfo.InvariantCulture, $"{envelope.ReceivedUnixMs / 1000}.B{entry.Id:x}T{target}.{_host}");

    // Read once: only entries of an earlier run need it, all at the start.
    private string? Find(string unique)
    {
        if (_present is null)
        {
            _present = new(StringComparer.Ordinal);
            foreach (var path in Files(_new).Concat(Files(_cur)))
            {
                _present[Path.GetFileName(path).Split(',', ':')[0]] = path;
            }
        }

        return _present.GetValueOrDefault(unique);
    }

    // A file that was not synced may be shorter than it was, or empty, behind a power failure.
    private static bool IsWhole(string path)
    {
        var size = Path.GetFileName(path).Split(',', ':').FirstOrDefault(p => p.StartsWith("S=", StringComparison.Ordinal));
        var file = new FileInfo(path);
        return size is null || !long.TryParse(size.AsSpan(2), CultureInfo.InvariantCulture, out var expected) || !file.Exists
            || file.Length >= expected;
    }

    private static IEnumerable<string> Files(string directory) =>
        !Directory.Exists(directory) ? [] : Directory.EnumerateFiles(directory);
}
