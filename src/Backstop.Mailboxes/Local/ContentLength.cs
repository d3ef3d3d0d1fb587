using System.Globalization;
using System.Text;

namespace Backstop.Mailboxes.Local;

/// <summary>
/// Corrects the Content-Length field of some mboxes, which states the length of the body so that separators in it need
/// no quoting. As procmail does, it keeps the field's width.
/// </summary>
internal static class ContentLength
{
    /// <summary>Returns the header with the field corrected.</summary>
    /// <param name="text">The message.</param>
    /// <param name="start">The offset behind the separator line.</param>
    /// <returns>The header; null if there is no such field.</returns>
    public static byte[]? Correct(ReadOnlySpan<byte> text, int start)
    {
        var header = text[start..];
        var end = header.IndexOf("\n\n"u8);
        header = end < 0 ? header : header[..(end + 2)];
        var (valueStart, width) = Find(header);
        if (width == 0)
        {
            return null;
        }

        var body = text[(start + header.Length)..];
        var length = body.Length + (body.EndsWith("\n\n"u8) || text.EndsWith("\n\n"u8) ? -1 : 0);
        var digits = Math.Max(0, length).ToString(CultureInfo.InvariantCulture);
        return [.. header[..valueStart], .. Encoding.ASCII.GetBytes(digits.PadLeft(width)), .. header[(valueStart + width)..]];
    }

    private static (int Start, int Width) Find(ReadOnlySpan<byte> header)
    {
        var name = "content-length:"u8;
        for (var at = 0; at < header.Length;)
        {
            var line = header[at..];
            if (line.Length > name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                var value = line[name.Length..];
                var blanks = value.IndexOfAnyExcept((byte)' ', (byte)'\t');
                var width = blanks < 0 ? 0 : value[blanks..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
                return width > 0 ? (at + name.Length, blanks + width) : (0, 0);
            }

            var next = line.IndexOf((byte)'\n');
            if (next < 0)
            {
                break;
            }

            at += next + 1;
        }

        return (0, 0);
    }
}
