using System.Text;

namespace Backstop.Mail;

/// <summary>
/// Finds the MIME parts of a message in its bytes: boundaries and part headers; nothing is decoded or copied.
/// </summary>
/// <remarks>
/// Time is bounded for any input: each level reads its bytes once, with at most <see cref="MaxDepth"/> levels and <see
/// cref="MaxParts"/> parts. It takes about a microsecond per kilobyte; MimeKit builds an object tree and is quadratic
/// in the size of the header.
/// </remarks>
public static class MimeScan
{
    /// <summary>Multiparts nested deeper than this are not opened.</summary>
    public const int MaxDepth = 8;

    /// <summary>Parts beyond this are not listed.</summary>
    public const int MaxParts = 64;

    /// <summary>Lists the message itself and then its parts in order. A message inside is listed but not opened.</summary>
    /// <param name="message">A message with CRLF or LF line ends.</param>
    /// <param name="fields">The message's header as <see cref="HeaderScan"/> found it.</param>
    /// <param name="bodyStart">Where its body begins.</param>
    public static IReadOnlyList<MimePart> Scan(ReadOnlySpan<byte> message, List<HeaderField> fields, int bodyStart)
    {
        var parts = new List<MimePart>();
        var root = Part(message, fields, 0, 0, bodyStart, message.Length);
        parts.Add(root);
        if (root.Type.IsMultipart)
        {
            Open(message, root, parts);
        }

        return parts;
    }

    private static void Open(ReadOnlySpan<byte> message, MimePart parent, List<MimePart> parts)
    {
        if (parent.Depth >= MaxDepth || parent.Type.Boundary!.Length is 0 or > 200)
        {
            return;
        }

        // RFC 2046 §5.1.1: "--" boundary at the start of a line; "--" behind it closes.
        var delimiter = Encoding.UTF8.GetBytes("--" + parent.Type.Boundary);
        var partStart = -1;
        var at = parent.BodyStart;
        while (at < parent.BodyEnd && parts.Count < MaxParts)
        {
            var end = Math.Min(HeaderScan.LineEnd(message, at), parent.BodyEnd);
            var line = message[at..end];
            if (line.StartsWith(delimiter))
            {
                AddPart(message, parent, partStart, at, parts);
                if (line[delimiter.Length..].StartsWith("--"u8))
                {
                    return;
                }

                partStart = end;
            }

            at = end;
        }

        // The message ends without a closing boundary, as in cut bounces: the rest is the last part.
        AddPart(message, parent, partStart, parent.BodyEnd, parts);
    }

    private static void AddPart(ReadOnlySpan<byte> message, MimePart parent, int start, int end, List<MimePart> parts)
    {
        if (start < 0 || parts.Count >= MaxParts)
        {
            return;
        }

        // The line end before a boundary belongs to the boundary.
        end = start + HeaderScan.WithoutEnd(message[start..end]).Length;
        var fields = new List<HeaderField>();
        var slice = message[start..end];
        start += ShiftedHeader(slice);
        slice = message[start..end];
        var body = HeaderScan.ScanPart(slice, fields);
        var part = Part(slice, fields, parent.Depth + 1, start, start + body, end);
        parts.Add(part);
        if (part.Type.IsMultipart)
        {
            Open(message, part, parts);
        }
    }

    // Some relays insert an empty line before a part's header, which turns the header into text. It is read as a header
    // all the same.
    private static int ShiftedHeader(ReadOnlySpan<byte> part)
    {
        var rest = part.TrimStart("\r\n"u8);
        return rest.Length < part.Length && rest.Length > 8 && Ascii.EqualsIgnoreCase(rest[..8], "Content-"u8)
            ? part.Length - rest.Length
            : 0;
    }

    private static MimePart Part(ReadOnlySpan<byte> slice, List<HeaderField> fields, int depth, int start, int body, int end)
    {
        var type = ContentType.Parse(fields.Text(slice, "Content-Type"u8));
        var encoding = fields.Text(slice, "Content-Transfer-Encoding"u8);
        return new(
            depth, start, body, end, type, encoding is null ? "7bit" : encoding.ToLowerInvariant(),
            fields.Text(slice, "Content-Disposition"u8));
    }
}
