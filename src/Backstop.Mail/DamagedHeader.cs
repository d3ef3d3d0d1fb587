using System.Text;

namespace Backstop.Mail;

/// <summary>Finds the fields of a damaged header: after junk in front of the header, and after broken lines in it.</summary>
internal static class DamagedHeader
{
    /// <summary>A header with more broken places than this is treated as text.</summary>
    public const int MaxBrokenLines = 4;

    // How many further lines may be broken behind a broken one.
    private const int MaxLinesAhead = 4;

    // At most this many empty lines are skipped in front of the header; more mean that the message begins with text.
    private const int MaxEmptyLines = 3;

    // Names that an ordinary line of text does not begin with by chance.
    private static readonly byte[][] _wellKnown =
    [
        "Return-Path"u8.ToArray(), "Received"u8.ToArray(), "From"u8.ToArray(), "To"u8.ToArray(), "Subject"u8.ToArray(),
        "Date"u8.ToArray(), "Message-ID"u8.ToArray(),
        "MIME-Version"u8.ToArray(), "Content-Type"u8.ToArray(), "Delivered-To"u8.ToArray(), "X-Original-To"u8.ToArray(),
        "DKIM-Signature"u8.ToArray(), "Auto-Submitted"u8.ToArray(),
        "Authentication-Results"u8.ToArray(), "ARC-Seal"u8.ToArray(), "Envelope-To"u8.ToArray(), "Sender"u8.ToArray(),
        "Reply-To"u8.ToArray(),
    ];

    /// <summary>
    /// Returns the offset of the header: behind a byte order mark and empty lines if a well-known field follows them,
    /// otherwise 0.
    /// </summary>
    public static int Start(ReadOnlySpan<byte> message)
    {
        var at = message is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
        var start = at;
        for (
            var lines = 0; lines < MaxEmptyLines && at < message.Length && HeaderScan.WithoutEnd(
                message[at..HeaderScan.LineEnd(message, at)]).IsEmpty; lines++)
        {
            at = HeaderScan.LineEnd(message, at);
        }

        return IsWellKnown(message, at) ? at : start;
    }

    /// <summary>
    /// Whether reading stopped at a line that is not a field, at the end or at the very start of the header, rather than at an
    /// empty line or the end of the message.
    /// </summary>
    public static bool Breaks(ReadOnlySpan<byte> message, int end, int start) =>
        end < message.Length && (end == start || (end > 0 && message[end - 1] == '\n' && !EndsInEmptyLine(message[..end])));

    /// <summary>Returns the offset of the next well-known field before the next empty line, or -1.</summary>
    public static int NextField(ReadOnlySpan<byte> message, int at)
    {
        for (var lines = 0; lines <= MaxLinesAhead && at < message.Length; lines++)
        {
            var end = HeaderScan.LineEnd(message, at);
            if (HeaderScan.WithoutEnd(message[at..end]).IsEmpty)
            {
                return -1;
            }

            if (IsWellKnown(message, at))
            {
                return at;
            }

            at = end;
        }

        return -1;
    }

    /// <summary>Returns the number of the line at an offset, counted from 1.</summary>
    public static int LineNumber(ReadOnlySpan<byte> message, int at) => message[..at].Count((byte)'\n') + 1;

    private static bool EndsInEmptyLine(ReadOnlySpan<byte> header)
    {
        header = header[..^1];
        header = header.EndsWith("\r"u8) ? header[..^1] : header;
        return header.IsEmpty || header[^1] == '\n';
    }

    private static bool IsWellKnown(ReadOnlySpan<byte> message, int at)
    {
        if (at >= message.Length)
        {
            return false;
        }

        var line = message[at..HeaderScan.LineEnd(message, at)];
        var name = line[..HeaderScan.NameLength(line)];
        foreach (var known in _wellKnown)
        {
            if (Ascii.EqualsIgnoreCase(name, known))
            {
                return true;
            }
        }

        return false;
    }
}
