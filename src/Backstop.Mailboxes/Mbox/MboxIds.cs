using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Mbox;

/// <summary>Finds our deliveries in an mbox, in one pass over the file. Needed only after a crash or a failure.</summary>
internal static class MboxIds
{
    private const int Overlap = 4096;

    private static ReadOnlySpan<byte> Marker => "\nX-Backstop-Id: "u8;

    /// <summary>Returns the ids with the offset of their separator line.</summary>
    public static Dictionary<string, long> Find(SafeFileHandle file)
    {
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        var buffer = new byte[1 << 20];
        var length = RandomAccess.GetLength(file);
        for (var at = 0L; at < length; at += buffer.Length - Overlap)
        {
            var read = RandomAccess.Read(file, buffer, at);
            Collect(buffer.AsSpan(0, read), at, found);
            if (read < buffer.Length)
            {
                break;
            }
        }

        return found;
    }

    private static void Collect(ReadOnlySpan<byte> bytes, long offset, Dictionary<string, long> found)
    {
        for (var at = bytes.IndexOf(Marker); at >= 0;)
        {
            var value = bytes[(at + Marker.Length)..];
            var end = value.IndexOf((byte)'\n');
            var line = bytes[..at].LastIndexOf((byte)'\n') + 1;

            // Only directly behind a separator: a separator in a body is quoted, so a message cannot pretend to be
            // another.
            if (end is > 0 and < 64 && bytes[line..at].StartsWith("From "u8))
            {
                // The last of several counts: a torn copy stands before the complete one.
                found[Encoding.ASCII.GetString(value[..end])] = offset + line;
            }

            var next = value.IndexOf(Marker);
            at = next < 0 ? -1 : at + Marker.Length + next;
        }
    }
}
