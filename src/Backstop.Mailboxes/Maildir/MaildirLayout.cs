using Backstop.Posix;

namespace Backstop.Mailboxes.Maildir;

/// <summary>The directories and names of a Maildir folder on disk.</summary>
internal static class MaildirLayout
{
    // Tells a delivery agent that the directory is a folder, not a mailbox (Maildir++).
    private const string Marker = "maildirfolder";

    /// <summary>Returns a folder's directories in the order of creation, the folder itself first.</summary>
    /// <param name="folder">The folder's directory.</param>
    public static IReadOnlyList<string> DirectoriesOf(string folder) => [folder, folder + "/tmp", folder + "/new", folder + "/cur"];

    /// <summary>The file that marks a folder inside a mailbox.</summary>
    /// <param name="folder">The folder's directory.</param>
    public static string MarkerOf(string folder) => folder + "/" + Marker;

    /// <summary>Creates a folder's missing directories, for their owner only, and marks it if it is inside a mailbox.</summary>
    /// <param name="folder">The folder's directory.</param>
    /// <param name="isInMailbox">Whether to mark it.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
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

    /// <summary>
    /// Returns a host's name for use in a file name: a slash would mean a directory, and a colon begins the flags.
    /// </summary>
    /// <param name="host">The host's name.</param>
    public static string HostInName(string host) =>
        host.Replace("/", "\\057", StringComparison.Ordinal).Replace(":", "\\072", StringComparison.Ordinal);
}
