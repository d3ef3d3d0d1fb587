namespace Backstop.Mail;

/// <summary>One part of a message: the position of its header and body, and its declared type and encoding.</summary>
/// <remarks>Invariant: all offsets are into the message that was scanned, and lie within it.</remarks>
public sealed class MimePart
{
    internal MimePart(int depth, int headerStart, int bodyStart, int bodyEnd, ContentType type, string encoding, string? disposition)
    {
        Depth = depth;
        HeaderStart = headerStart;
        BodyStart = bodyStart;
        BodyEnd = bodyEnd;
        Type = type;
        TransferEncoding = encoding;
        IsAttachment = disposition?.StartsWith("attachment", StringComparison.OrdinalIgnoreCase) == true;
        FileName = (disposition is null ? null : ContentType.Parameter(disposition, "filename")) ?? type.Name;
    }

    /// <summary>How many multiparts the part is nested in; 0 for the message itself.</summary>
    public int Depth { get; }

    /// <summary>Where the part's header begins.</summary>
    public int HeaderStart { get; }

    /// <summary>Where the part's body begins.</summary>
    public int BodyStart { get; }

    /// <summary>Where the part's body ends.</summary>
    public int BodyEnd { get; }

    /// <summary>The media type; text/plain where none is given (RFC 2045 §5.2).</summary>
    public ContentType Type { get; }

    /// <summary>The transfer encoding in lower case; 7bit where none is given.</summary>
    public string TransferEncoding { get; }

    /// <summary>Whether its Content-Disposition is attachment (RFC 2183 §2.2).</summary>
    public bool IsAttachment { get; }

    /// <summary>The declared file name, or null. Never use it as a path to write to.</summary>
    public string? FileName { get; }

    /// <summary>The body as it lies in the message, still encoded.</summary>
    /// <param name="message">The message that was scanned.</param>
    public ReadOnlySpan<byte> RawBody(ReadOnlySpan<byte> message) => message[BodyStart..BodyEnd];
}
