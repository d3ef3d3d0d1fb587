using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix;

/// <content>Users, groups, owners of files, and the umask.</content>
internal static partial class Libc
{
    [LibraryImport("libc", EntryPoint = "umask")]
    public static partial int SetUmask(int mask);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial int EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getuid")]
    public static partial int RealUser();

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int GiveTo(SafeFileHandle file, int user, int group);

    [LibraryImport("libc", EntryPoint = "setuid", SetLastError = true)]
    public static partial int SetUser(int user);

    [LibraryImport("libc", EntryPoint = "setgid", SetLastError = true)]
    public static partial int SetGroupId(int group);

    [LibraryImport("libc", EntryPoint = "initgroups", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int InitGroups(string user, int group);

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FindUser(string name, ref PasswordRecord record, ref byte buffer, nint length, ref nint result);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    public static partial int FindUser(int user, ref PasswordRecord record, ref byte buffer, nint length, ref nint result);

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FindGroup(string name, ref GroupRecord record, ref byte buffer, nint length, ref nint result);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GiveTo(string path, uint user, uint group);

    /// <summary>struct passwd of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PasswordRecord
    {
        public nint Name;
        public nint Password;
        public int User;
        public int Group;
        public nint Gecos;
        public nint Home;
        public nint Shell;
    }

    /// <summary>struct group of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct GroupRecord
    {
        public nint Name;
        public nint Password;
        public uint Group;
        public nint Members;
    }
}
