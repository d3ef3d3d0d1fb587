namespace Backstop.Posix;

/// <summary>Names a start of the machine: what was written and not synced survives the end of a process, but no new start.</summary>
internal static class BootId
{
    private const string Path = "/proc/sys/kernel/random/boot_id";

    /// <summary>Returns the kernel's id of this start; empty where it tells none.</summary>
    public static string Read()
    {
        try
        {
            return File.ReadAllText(Path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
