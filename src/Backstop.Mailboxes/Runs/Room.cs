namespace Backstop.Mailboxes.Runs;

/// <summary>Asks for room before anything is begun that would need it in the middle.</summary>
internal static class Room
{
    // Others write too.
    private const long Spare = 4 << 20;

    public static void Need(string path, long octets)
    {
        var free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace;
        if (octets > 0 && free < octets + Spare)
        {
            throw new IOException($"{path}: {octets >> 20} MiB are needed and {free >> 20} MiB are free; nothing was changed");
        }
    }
}
