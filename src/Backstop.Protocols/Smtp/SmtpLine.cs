using System.Buffers;

namespace Backstop.Protocols.Smtp;

/// <summary>Whether the bytes received so far contain a line.</summary>
public enum LineStatus
{
    /// <summary>No line end yet; read more.</summary>
    Incomplete,

    /// <summary>A whole line, CRLF removed.</summary>
    Complete,

    /// <summary>More octets than the limit allows.</summary>
    TooLong,

    /// <summary>A CR or LF standing alone.</summary>
    BareLineEnd,
}

/// <summary>Takes command lines off a connection's buffer.</summary>
public static class SmtpLine
{
    /// <summary>RFC 5321 §4.5.3.1.4: at least 512 octets, CRLF included.</summary>
    public const int MinLimit = 512;

    /// <summary>Takes the next line, if the buffer holds one, and moves the reader behind it.</summary>
    /// <param name="reader">The unread octets.</param>
    /// <param name="line">The line without its CRLF.</param>
    /// <param name="maxLength">The limit in octets, CRLF included.</param>
    /// <returns>Whether a line was taken, and if not, why.</returns>
    public static LineStatus TryRead(ref SequenceReader<byte> reader, out ReadOnlySequence<byte> line, int maxLength)
    {
        var start = reader;
        line = default;

        if (!reader.TryReadToAny(out ReadOnlySequence<byte> text, "\r\n"u8, advancePastDelimiter: false))
        {
            return reader.Remaining >= maxLength ? LineStatus.TooLong : LineStatus.Incomplete;
        }

        if (text.Length + 2 > maxLength)
        {
            return LineStatus.TooLong;
        }

        // RFC 5321 §2.3.8: CR and LF appear only together. Accepting a lone one opens SMTP smuggling.
        if (!reader.IsNext("\r\n"u8, advancePast: true))
        {
            var mayStillBecomeCrlf = reader.Remaining == 1 && reader.IsNext((byte)'\r');
            reader = start;
            return mayStillBecomeCrlf ? LineStatus.Incomplete : LineStatus.BareLineEnd;
        }

        line = text;
        return LineStatus.Complete;
    }
}
