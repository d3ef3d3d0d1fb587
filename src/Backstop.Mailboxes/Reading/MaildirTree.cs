using System.IO.Enumeration;

namespace Backstop.Mailboxes.Reading;

/// <summary>A folder of a Maildir.</summary>
/// <param name="Name">INBOX, or its name with <c>.</c> or <c>/</c> between levels, decoded.</param>
/// <param name="Directory">Its directory below the mailbox; empty for INBOX.</param>
public sealed record MaildirFolderEntry(string Name, string Directory);

/// <summary>A Maildir with its folders: dot-directories (Maildir++) or nested directories.</summary>
/// <remarks>
/// A path inside a Maildir, such as <c>~/Maildir/.Lists</c>, opens that folder alone; the mailbox is the Maildir around
/// it.
/// </remarks>
public sealed class MaildirTree
{
    /// <summary>The directories with a folder's messages.</summary>
    public static readonly IReadOnlyList<string> Parts = ["new", "cur"];

    // A deeper tree is a loop of links.
    private const int MaxDepth = 16;

    private MaildirTree(string root, IReadOnlyList<MaildirFolderEntry> folders, bool isDotted)
    {
        Root = root;
        Folders = folders;
        IsDotted = isDotted;
    }

    /// <summary>The mailbox's directory, absolute.</summary>
    public string Root { get; }

    /// <summary>Its folders, INBOX first.</summary>
    public IReadOnlyList<MaildirFolderEntry> Folders { get; }

    /// <summary>Whether folders are dot-directories.</summary>
    public bool IsDotted { get; }

    /// <summary>Whether a directory is a folder of messages.</summary>
    /// <param name="path">The directory.</param>
    public static bool Is(string path) => Directory.Exists(Path.Combine(path, "cur")) && Directory.Exists(Path.Combine(path, "new"));

    /// <summary>Reads the folders of a Maildir.</summary>
    /// <param name="path">A Maildir, or a folder in one.</param>
    /// <exception cref="IOException">The directory does not exist.</exception>
    public static MaildirTree Open(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(full)!;
        var name = Path.GetFileName(full);
        if (name.StartsWith('.') && Is(parent))
        {
            return new(parent, [new(ModifiedUtf7.Decode(name[1..]), name)], isDotted: true);
        }

        var dotted = Directory.EnumerateDirectories(full, ".*").Where(Is).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)
            .Select(d => new MaildirFolderEntry(ModifiedUtf7.Decode(d[1..]), d)).ToList();
        var nested = dotted.Count == 0 ? Nested(full, "", 0).ToList() : [];
        return new(full, [new("INBOX", ""), .. dotted, .. nested], isDotted: nested.Count == 0);
    }

    /// <summary>Returns the directory of a folder, below the mailbox, even if it does not exist.</summary>
    /// <param name="name">INBOX, or a name.</param>
    public string DirectoryOf(string name) =>
        Folders.FirstOrDefault(f => f.Name == name)?.Directory ?? (IsDotted ? "." : "") + ModifiedUtf7.Encode(name);

    /// <summary>Returns the files of a folder, below the mailbox.</summary>
    /// <param name="folder">One of <see cref="Folders"/>.</param>
    public IEnumerable<string> Files(MaildirFolderEntry folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Parts.Select(p => folder.Directory.Length == 0 ? p : folder.Directory + "/" + p)
            .SelectMany(d => Names(d).Order(StringComparer.Ordinal).Select(f => d + "/" + f));
    }

    /// <summary>Returns the full path of a file or directory below the mailbox.</summary>
    /// <param name="below">Below the mailbox.</param>
    public string PathOf(string below) => Path.Combine(Root, below);

    /// <summary>Returns the part of a file name that never changes, in front of sizes and flags.</summary>
    /// <param name="name">A file's name.</param>
    public static ReadOnlySpan<char> Unique(ReadOnlySpan<char> name) => name.IndexOfAny(',', ':') is >= 0 and var end ? name[..end] : name;

    /// <summary>Returns the flags in a file name, such as <c>FS</c>.</summary>
    /// <param name="name">A file's name.</param>
    public static ReadOnlySpan<char> Flags(ReadOnlySpan<char> name) => name.LastIndexOf(":2,") is >= 0 and var at ? name[(at + 3)..] : [];

    private FileSystemEnumerable<string> Names(string directory) => new(PathOf(directory), (ref entry) => entry.FileName.ToString())
    {
        ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && entry.FileName is not ['.', ..],
    };

    private static IEnumerable<MaildirFolderEntry> Nested(string root, string below, int depth)
    {
        foreach (var directory in Directory.EnumerateDirectories(Path.Combine(root, below)).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(directory);
            if (name is "cur" or "new" or "tmp" || name.StartsWith('.') || depth >= MaxDepth)
            {
                continue;
            }

            var path = below.Length == 0 ? name : below + "/" + name;
            if (Is(directory))
            {
                yield return new(ModifiedUtf7.Decode(path), path);
            }

            foreach (var folder in Nested(root, path, depth + 1))
            {
                yield return folder;
            }
        }
    }
}
