using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>Looks up groups in the group database (group(5)).</summary>
internal static class GroupAccount
{
    private const int OutOfRange = 34;
    private const int FirstBuffer = 4 * 1024;

    // A group's entry lists its members, and some have thousands.
    private const int MaxBuffer = 4 * 1024 * 1024;

    /// <summary>Returns the number of a group; null if there is no group of that name.</summary>
    /// <param name="name">A name of the group database, such as <c>postfix</c>.</param>
    public static uint? Find(string name)
    {
        for (var size = FirstBuffer; size <= MaxBuffer; size *= 4)
        {
            var record = default(Libc.GroupRecord);
            var buffer = new byte[size];
            nint found = 0;
            var error = Libc.FindGroup(name, ref record, ref MemoryMarshal.GetArrayDataReference(buffer), buffer.Length, ref found);
            if (error != OutOfRange)
            {
                return error == 0 && found != 0 ? record.Group : null;
            }
        }

        return null;
    }
}
