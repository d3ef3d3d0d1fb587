using System.Globalization;
using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>An entry of the user database (passwd(5)).</summary>
/// <param name="Name">The login name.</param>
/// <param name="User">The user's number.</param>
/// <param name="Group">The primary group's number.</param>
/// <param name="Home">The home directory.</param>
/// <param name="Shell">The login shell.</param>
internal sealed record UserAccount(string Name, int User, int Group, string Home, string Shell)
{
    // _SC_GETPW_R_SIZE_MAX is 1,024 on Linux; network directories may need more.
    private const int BufferSize = 16 * 1024;

    /// <summary>Finds a user by name; null if there is none.</summary>
    /// <param name="name">The login name.</param>
    public static UserAccount? Find(string name)
    {
        var record = default(Libc.PasswordRecord);
        Span<byte> buffer = stackalloc byte[BufferSize];
        nint found = 0;
        var error = Libc.FindUser(name, ref record, ref buffer[0], buffer.Length, ref found);
        return error == 0 && found != 0 ? From(record) : null;
    }

    /// <summary>Finds a user by number; null if there is none.</summary>
    /// <param name="user">The number.</param>
    public static UserAccount? Find(int user)
    {
        var record = default(Libc.PasswordRecord);
        Span<byte> buffer = stackalloc byte[BufferSize];
        nint found = 0;
        var error = Libc.FindUser(user, ref record, ref buffer[0], buffer.Length, ref found);
        return error == 0 && found != 0 ? From(record) : null;
    }

    /// <summary>Returns the number of a user; null if this host has no user of that name.</summary>
    /// <param name="name">A login name or a number: a container's users have no name here.</param>
    public static uint? NumberOf(string name) =>
        uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : name.Length > 0 && Find(name) is { } user ? (uint)user.User
        : null;

    /// <summary>Switches this process to the user, permanently.</summary>
    public bool Become() => Libc.InitGroups(Name, Group) == 0 && Libc.SetGroupId(Group) == 0 && Libc.SetUser(User) == 0;

    // The strings are in the caller's buffer, on its stack.
    private static UserAccount From(Libc.PasswordRecord record) =>
        new(Text(record.Name), record.User, record.Group, Text(record.Home), Text(record.Shell));

    private static string Text(nint pointer) => Marshal.PtrToStringUTF8(pointer) ?? "";
}
