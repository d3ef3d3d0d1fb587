using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Configuration;

/// <summary>Keeps the data folder private to its owner: it says who writes to whom, and holds the keys of proofs.</summary>
internal static class DataFolder
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode GroupAndOthers = (UnixFileMode)0b000_111_111;

    /// <summary>
    /// Creates an empty file that only its owner may use, and its folder, if they are missing. When root creates it, it
    /// is given to the folder's owner, so that the server need not run as root.
    /// </summary>
    /// <param name="path">The file.</param>
    public static void MakeFile(string path)
    {
        Folders.Make(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            new FileStream(
                path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerFile }).Dispose();
            GiveToOwner(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The file exists, or opening it later will report what is wrong.
        }
    }

    /// <summary>Gives a file created by root to the owner of its folder; does nothing for other users.</summary>
    /// <param name="path">The file.</param>
    public static void GiveToOwner(string path)
    {
        if (FileOwner.Me == 0 && FileOwner.Of(Path.GetDirectoryName(Path.GetFullPath(path))!) is { User: not 0 } owner)
        {
            FileOwner.Give(path, owner.User, owner.Group);
        }
    }

    /// <summary>
    /// Creates the data folder, or takes the permissions of other users away from it and from what is kept in it.
    /// Mailboxes and sockets that others use there stay accessible.
    /// </summary>
    /// <param name="options">The configuration.</param>
    /// <returns>One sentence for each file that was closed or could not be closed.</returns>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public static IReadOnlyList<string> Close(BackstopOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Folders.Make(options.Data);
        var said = new List<string>();
        foreach (var path in Kept(options).Where(IsOpen))
        {
            Close(path, said);
        }

        if (IsOpen(options.Data))
        {
            if (UsedByOthers(options) is { } what)
            {
                said.Add(
                    $"{options.Data} stays open to other users because {what} is in it; move {what} elsewhere and run "
                    + $"chmod 700 {options.Data}");
            }
            else
            {
                Close(options.Data, said);
            }
        }

        return said;
    }

    private static IEnumerable<string> Kept(BackstopOptions options)
    {
        string[] databases = [DataPaths.Journal(options), DataPaths.Correspondents(options), DataPaths.Bayes(options)];
        return
        [
            .. databases.SelectMany(d => new[] { d, d + "-wal", d + "-shm" }),
            DataPaths.BatvKeys(options), DataPaths.Overrides(options), DataPaths.Replies(options),
            DataPaths.Spool(options), DataPaths.UserBayes(options), DataPaths.Storms(options), DataPaths.Runs(options),
            DataPaths.WebKeys(options),
            Path.GetDirectoryName(DataPaths.Certificate(options))!,
        ];
    }

    private static string? UsedByOthers(BackstopOptions options)
    {
        var data = Path.GetFullPath(options.Data) + "/";
        return options.Listen.Sockets.Append(options.Listen.MilterSocket).FirstOrDefault(IsWithin)
            ?? options.Mailboxes.Values.Select(m => m.Path).FirstOrDefault(p => IsWithin(p) && IsOpen(p))
            ?? OpenMailbox(DataPaths.Mail(options));

        bool IsWithin(string path) => path.Length > 0 && Path.GetFullPath(path).StartsWith(data, StringComparison.Ordinal);
    }

    // The default mailboxes: mail/ADDRESS/Maildir. They are created for their owner only: an open one was opened on
    // purpose, and one that we cannot read belongs to somebody else.
    private static string? OpenMailbox(string mail)
    {
        var looked = mail;
        try
        {
            foreach (var folder in Directory.Exists(mail) ? Directory.EnumerateDirectories(mail) : [])
            {
                looked = folder;
                if (Directory.EnumerateFileSystemEntries(folder).FirstOrDefault(IsOpen) is { } open)
                {
                    return open;
                }
            }

            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return looked;
        }
    }

    // A symbolic link was made on purpose and may lead anywhere.
    private static bool IsOpen(string path) =>
        Path.Exists(path) && new FileInfo(path).LinkTarget is null && (File.GetUnixFileMode(path) & GroupAndOthers) != UnixFileMode.None;

    private static void Close(string path, List<string> said)
    {
        try
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~GroupAndOthers);
            said.Add($"{path} could be read by other users of this host; it is closed to them now");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            said.Add($"{path} can be read by other users of this host and cannot be closed ({error.Message}); run chmod go= {path}");
        }
    }
}
