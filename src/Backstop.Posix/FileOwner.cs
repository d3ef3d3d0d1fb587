using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>Whose a file is, and what others may do with new ones.</summary>
internal static class FileOwner
{
    /// <summary>Leaves user or group as it is.</summary>
    public const uint Same = uint.MaxValue;

    private const int GroupAndOthers = 0x3F;

    /// <summary>The user that this process acts as.</summary>
    public static uint Me => (uint)Libc.EffectiveUser();

    /// <summary>From now on what this process makes is for its own user, unless it says otherwise (umask 077).</summary>
    public static void CloseToOthers() => _ = Libc.SetUmask(GroupAndOthers);

    /// <summary>
    /// The user and group of a file; null where it is not there or may not be looked at. A symbolic link is looked at itself.
    /// </summary>
    /// <param name="path">The file.</param>
    public static (uint User, uint Group)? Of(string path) =>
        FileStatus.TryOf(path, followLinks: false, out _) is { } status ? (status.User, status.Group) : null;

    /// <summary>Gives a file to somebody. A symbolic link is given itself, not what it leads to.</summary>
    /// <param name="path">The file.</param>
    /// <param name="user">The user's number, or <see cref="Same"/>.</param>
    /// <param name="group">The group's number, or <see cref="Same"/>.</param>
    /// <exception cref="IOException">This process may not.</exception>
    public static void Give(string path, uint user, uint group)
    {
        if (Libc.GiveTo(path, user, group) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }
}
