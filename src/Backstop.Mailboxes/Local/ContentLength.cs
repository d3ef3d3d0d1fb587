using System.Globalization;
using System.Text;

namespace Backstop.Mailboxes.Local;

/// <summary>
/// The Content-Length field of some mboxes: how long the body is, so that separators in it need no quoting. procmail corrects the first
/// one where it reads a message, at its width: what does not fit there becomes nines.
/// </summary>
internal static class ContentLength
{
    /// <summary>Corrects the field of a message.</summary>
    /// <param name="message">The message, with or without a separator line.</param>
    /// <returns>The message; the same octets where it has no such field.</returns>
    public static ReadOnlyMemory<byte> Correct(ReadOnlyMemory<byte> message)
    {
        var text = message.Span;
        var start = LocalText.FromLineLength(text);
        return Correct(text, start, out _) is { } header
            ? (byte[])[.. text[..start], .. header, .. text[(start + header.Length)..]]
            : message;
    }

    /// <summary>Makes the header with the field corrected; it is as long as before.</summary>
    /// <param name="text">The message.</param>
    /// <param name="start">Behind the separator line.</param>
    /// <param name="covered">How many octets of the body the field speaks of.</param>
    /// <returns>The header; null where there is no such field.</returns>
    public static byte[]? Correct(ReadOnlySpan<byte> text, int start, out int covered)
    {
        covered = 0;
        var header = text[start..];
        var end = header.IndexOf("\n\n"u8);
        header = end < 0 ? header : header[..(end + 2)];
        var (valueStart, width) = Find(header);
        if (width == 0)
        {
            return null;
        }

        var body = text[(start + header.Length)..];
        var length = Math.Max(0, body.Length + (body.EndsWith("\n\n"u8) || text.EndsWith("\n\n"u8) ? -1 : 0));
        var digits = length.ToString(CultureInfo.InvariantCulture);
        digits = digits.Length > width ? new('9', width) : digits.PadLeft(width);
        covered = int.Parse(digits, CultureInfo.InvariantCulture);
        return [.. header[..valueStart], .. Encoding.ASCII.GetBytes(digits), .. header[(valueStart + width)..]];
    }

    // The value is all of the line, whatever it is.
    private static (int Start, int Width) Find(ReadOnlySpan<byte> header)
    {
        var name = "content-length:"u8;
        for (var at = 0; at < header.Length;)
        {
            var line = header[at..];
            var next = line.IndexOf((byte)'\n');
            var end = next < 0 ? line.Length : next;
            if (end >= name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                return (at + name.Length, end - name.Length);
            }

            if (next < 0)
            {
                break;
            }

            at += next + 1;
        }

        return (0, 0);
    }
}
