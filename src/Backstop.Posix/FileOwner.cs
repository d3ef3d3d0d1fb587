using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>Reads and sets the owner of files, and the umask.</summary>
internal static class FileOwner
{
    /// <summary>As user or group of <see cref="Give"/>: do not change it.</summary>
    public const uint Same = uint.MaxValue;

    private const int GroupAndOthers = 0x3F;

    /// <summary>The effective user of this process.</summary>
    public static uint Me => (uint)Libc.EffectiveUser();

    /// <summary>
    /// Sets the umask to 077: new files are readable only by this process's user, unless their creation says otherwise.
    /// </summary>
    public static void CloseToOthers() => _ = Libc.SetUmask(GroupAndOthers);

    /// <summary>
    /// Returns the user and group of a file; null if it does not exist or may not be examined. Does not follow a
    /// symbolic link.
    /// </summary>
    /// <param name="path">The file.</param>
    public static (uint User, uint Group)? Of(string path) =>
        FileStatus.TryOf(path, followLinks: false, out _) is { } status ? (status.User, status.Group) : null;

    /// <summary>Changes the owner of a file. Does not follow a symbolic link.</summary>
    /// <param name="path">The file.</param>
    /// <param name="user">The user's number, or <see cref="Same"/>.</param>
    /// <param name="group">The group's number, or <see cref="Same"/>.</param>
    /// <exception cref="IOException">This process may not change it.</exception>
    public static void Give(string path, uint user, uint group)
    {
        if (Libc.GiveTo(path, user, group) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }
}
