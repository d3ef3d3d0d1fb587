using Backstop.Posix;

namespace Backstop.Mailboxes.Maildir;

/// <summary>What a Maildir folder looks like on disk, for all who make one or name a file in it.</summary>
internal static class MaildirLayout
{
    // Tells a delivery agent that a directory is a folder, not a mailbox (Maildir++).
    private const string Marker = "maildirfolder";

    /// <summary>A folder's directories, itself first: the order that they are made in.</summary>
    /// <param name="folder">The folder's directory.</param>
    public static IReadOnlyList<string> DirectoriesOf(string folder) => [folder, folder + "/tmp", folder + "/new", folder + "/cur"];

    /// <summary>The file that marks a folder inside a mailbox.</summary>
    /// <param name="folder">The folder's directory.</param>
    public static string MarkerOf(string folder) => folder + "/" + Marker;

    /// <summary>Makes a folder's missing directories, for their owner only, and marks it where it lies inside a mailbox.</summary>
    /// <param name="folder">The folder's directory.</param>
    /// <param name="isInMailbox">Whether it is marked.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Make(string folder, bool isInMailbox)
    {
        foreach (var directory in DirectoriesOf(folder))
        {
            Folders.Make(directory);
        }

        if (isInMailbox)
        {
            File.WriteAllBytes(MarkerOf(folder), []);
        }
    }

    /// <summary>A host's name as it stands in a file's name: a slash would be a directory, a colon begins the flags.</summary>
    /// <param name="host">The host's name.</param>
    public static string HostInName(string host) =>
        host.Replace("/", "\\057", StringComparison.Ordinal).Replace(":", "\\072", StringComparison.Ordinal);
}
