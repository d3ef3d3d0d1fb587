using System.Text;
using Backstop.Posix;

namespace Backstop.Mailboxes.Spool;

/// <summary>The file that names the start of the machine in which the log was last written.</summary>
internal static class SpoolBoot
{
    /// <summary>
    /// Whether the machine has been started anew since, so that copies which were not synced may be gone. False where no file says so:
    /// the log is new, or an older version wrote it, whose notes of delivery are all there is.
    /// </summary>
    /// <param name="directory">The spool's directory.</param>
    /// <param name="boot">The name of this start; empty where it is unknown, so that nothing is taken for granted.</param>
    public static bool IsOther(string directory, string boot)
    {
        var path = PathOf(directory);
        return File.Exists(path) && (boot.Length == 0 || File.ReadAllText(path) != boot);
    }

    /// <summary>Names this start. To be called once what the last one left is noted in the log.</summary>
    /// <param name="directory">The spool's directory.</param>
    /// <param name="boot">The name of this start.</param>
    /// <exception cref="IOException">The file is as it was.</exception>
    public static void Set(string directory, string boot)
    {
        var path = PathOf(directory);
        if (File.Exists(path) && File.ReadAllText(path) == boot)
        {
            return;
        }

        using (var file = File.OpenHandle(path + ".new", FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(boot), 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(path + ".new", path, overwrite: true);
        Folders.Sync(directory);
    }

    private static string PathOf(string directory) => Path.Combine(directory, "boot");
}
