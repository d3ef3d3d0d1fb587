using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Configuration;

/// <summary>Keeps the data folder its owner's: whom somebody writes to, and the keys of proofs, are nobody else's business.</summary>
internal static class DataFolder
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode GroupAndOthers = (UnixFileMode)0b000_111_111;

    /// <summary>
    /// Makes an empty file for its owner only, where there is none, and its folder. Made by root, it belongs to whose the folder
    /// is: the server need not be root.
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
            // It is there already, or whoever opens it says what is wrong with it.
        }
    }

    /// <summary>Gives a file that root has made to the owner of its folder; does nothing for anybody else.</summary>
    /// <param name="path">The file.</param>
    public static void GiveToOwner(string path)
    {
        if (FileOwner.Me == 0 && FileOwner.Of(Path.GetDirectoryName(Path.GetFullPath(path))!) is { User: not 0 } owner)
        {
            FileOwner.Give(path, owner.User, owner.Group);
        }
    }

    /// <summary>
    /// Makes the data folder, or closes one that others may enter, with what is kept in it. Mailboxes and sockets that others use
    /// there are left open.
    /// </summary>
    /// <param name="options">The configuration.</param>
    /// <returns>What was closed, and what could not be, one sentence each.</returns>
    /// <exception cref="IOException">The folder cannot be made.</exception>
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
                    $"{options.Data} can be entered by others, for {what} lies in it; move that elsewhere and chmod 700 {options.Data}");
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
            DataPaths.Spool(options), DataPaths.Storms(options), DataPaths.Runs(options), DataPaths.WebKeys(options),
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

    // Those that name no path: mail/ADDRESS/Maildir. They are made for their owner; one that is open was opened, and one that is
    // closed to us is somebody else's.
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

    // A link is somebody's own arrangement, and may lead anywhere.
    private static bool IsOpen(string path) =>
        Path.Exists(path) && new FileInfo(path).LinkTarget is null && (File.GetUnixFileMode(path) & GroupAndOthers) != UnixFileMode.None;

    private static void Close(string path, List<string> said)
    {
        try
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~GroupAndOthers);
            said.Add($"{path} could be read by others of this host, and is closed now");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            said.Add($"{path} can be read by others of this host, and cannot be closed: {error.Message}");
        }
    }
}
