using System.Globalization;
using Backstop.Mailboxes.Maildir;
using Backstop.Posix;

namespace Backstop.Mailboxes.Local;

/// <summary>
/// Writes one file a message: under a temporary name first, then linked to its final name, so that nobody reads part of
/// it.
/// </summary>
internal sealed class LocalDirectory(string host, TimeProvider time)
{
    private const string InodeDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    private static long _serial;

    private readonly string _host = MaildirLayout.HostInName(host);

    /// <summary>Writes a copy.</summary>
    /// <param name="name">The folder's name, as written in the recipe.</param>
    /// <param name="path">Its absolute path.</param>
    /// <param name="kind">The kind of folder.</param>
    /// <param name="content">The octets.</param>
    /// <param name="rules">How to write it.</param>
    public (string Name, string Path) Write(
        string name, string path, LocalFolders.Kind kind, ReadOnlyMemory<byte> content, LocalRules rules)
    {
        var directory = Prepare(path, kind, rules);
        var unique = Unique(content.Length, rules.HasShortNames);
        var temporary = kind == LocalFolders.Kind.Maildir ? $"{directory}/tmp/{unique}" : $"{directory}/_{unique}";
        try
        {
            using (var file = Libc.TryCreateNew(temporary, rules.FileMode, out var error))
            {
                Libc.ThrowIf(error, name);
                RandomAccess.Write(file!, content.Span, 0);
                Libc.SyncData(file!);
            }

            return Publish(name, directory, kind, temporary, unique, rules);
        }
        finally
        {
            _ = Libc.Remove(temporary);
        }
    }

    /// <summary>Adds a copy that was written elsewhere: as a link, or on another file system as a new file.</summary>
    public (string Name, string Path) Put(
        string name, string path, LocalFolders.Kind kind, string from, ReadOnlyMemory<byte> content, LocalRules rules)
    {
        try
        {
            return Publish(name, Prepare(path, kind, rules), kind, from, Unique(content.Length, rules.HasShortNames), rules);
        }
        catch (IOException error) when (error.HResult == Libc.OtherFileSystem)
        {
            return Write(name, path, kind, content, rules);
        }
    }

    private static (string Name, string Path) Publish(
        string name, string directory, LocalFolders.Kind kind, string from, string unique, LocalRules rules)
    {
        var shown = kind == LocalFolders.Kind.Mh ? name[..^2].TrimEnd('/') : name.TrimEnd('/');
        if (kind == LocalFolders.Kind.Mh)
        {
            return PublishNumbered(shown, directory, from);
        }

        var file = kind == LocalFolders.Kind.Maildir ? $"new/{unique}" : rules.MessagePrefix + InodeName(from);
        var to = $"{directory}/{file}";
        Libc.ThrowIf(Libc.MakeLink(from, to), to);
        Folders.Sync(Path.GetDirectoryName(to)!);
        return ($"{shown}/{file}", to);
    }

    // MH: one more than the largest number. If another program takes it first, the next one.
    private static (string Name, string Path) PublishNumbered(string shown, string directory, string from)
    {
        var last = 0L;
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            last = long.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? Math.Max(last, number)
                : last;
        }

        while (true)
        {
            var to = string.Create(CultureInfo.InvariantCulture, $"{directory}/{++last}");
            var error = Libc.MakeLink(from, to);
            if (error != Libc.Exists)
            {
                Libc.ThrowIf(error, to);
                Folders.Sync(directory);
                return (string.Create(CultureInfo.InvariantCulture, $"{shown}/{last}"), to);
            }
        }
    }

    // A folder is created only if its parent exists: a missing parent may be a disk that is not mounted.
    private static string Prepare(string path, LocalFolders.Kind kind, LocalRules rules)
    {
        var directory = (kind == LocalFolders.Kind.Mh ? path[..^1] : path).TrimEnd('/');
        directory = directory.Length == 0 ? "/" : directory;
        foreach (var made in kind == LocalFolders.Kind.Maildir ? MaildirLayout.DirectoriesOf(directory) : [directory])
        {
            Make(made, rules);
        }

        return directory;
    }

    private static void Make(string directory, LocalRules rules)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        if (Path.GetDirectoryName(directory) is { Length: > 0 } parent && !Directory.Exists(parent))
        {
            throw new DirectoryNotFoundException($"{parent} does not exist");
        }

        Directory.CreateDirectory(directory, rules.DirectoryMode);
    }

    // Maildir's name, with the size that Dovecot would otherwise have to look up.
    private string Unique(long size, bool isShort)
    {
        var now = time.GetUtcNow();
        if (isShort)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{now.ToUnixTimeSeconds()}.{Environment.ProcessId}_{Interlocked.Increment(ref _serial) - 1}.{_host}");
        }

        var micros = now.Ticks / TimeSpan.TicksPerMicrosecond % 1_000_000;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{now.ToUnixTimeSeconds()}.M{micros}P{Environment.ProcessId}Q{Interlocked.Increment(ref _serial)}.{_host},S={size}");
    }

    private static string InodeName(string path)
    {
        var name = "";
        for (var inode = Libc.InodeOf(path); inode > 0 || name.Length == 0; inode /= 64)
        {
            name += InodeDigits[(int)(inode % 64)];
        }

        return name.Length > 1 ? name : name + InodeDigits[0];
    }
}
