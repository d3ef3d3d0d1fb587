namespace Backstop.Mailboxes.Runs;

/// <summary>Checks for free disk space before work begins that would otherwise fail in the middle.</summary>
internal static class Room
{
    // A reserve, because other programs write too.
    private const long Spare = 4 << 20;

    public static void Need(string path, long octets)
    {
        var free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace;
        if (octets > 0 && free < octets + Spare)
        {
            throw new IOException($"{path}: {octets >> 20} MiB are needed, but only {free >> 20} MiB are free; nothing was changed");
        }
    }
}
