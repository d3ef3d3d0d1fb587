using System.Text;

namespace Backstop.Mail;

/// <summary>One header field as offsets into the message; nothing is copied or decoded.</summary>
/// <param name="NameStart">Offset of the name.</param>
/// <param name="NameLength">Length of the name.</param>
/// <param name="BodyStart">Offset behind the colon.</param>
/// <param name="BodyLength">Length of the body with its folds, without the last line end.</param>
public readonly record struct HeaderField(int NameStart, int NameLength, int BodyStart, int BodyLength)
{
    /// <summary>The name as it is written in the message, without the colon.</summary>
    /// <param name="message">The bytes that were scanned.</param>
    public ReadOnlySpan<byte> Name(ReadOnlySpan<byte> message) => message.Slice(NameStart, NameLength);

    /// <summary>The body's bytes, folds included.</summary>
    /// <param name="message">The bytes that were scanned.</param>
    public ReadOnlySpan<byte> RawBody(ReadOnlySpan<byte> message) => message.Slice(BodyStart, BodyLength);

    /// <summary>Whether the field has this name.</summary>
    /// <param name="message">The bytes that were scanned.</param>
    /// <param name="name">The name, in any case.</param>
    public bool Is(ReadOnlySpan<byte> message, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name(message), name);

    /// <summary>
    /// The body unfolded and trimmed (RFC 5322 §2.2.3); octets beyond ASCII are read as UTF-8 or, where that fails,
    /// Latin-1.
    /// </summary>
    /// <param name="message">The bytes that were scanned.</param>
    public string Body(ReadOnlySpan<byte> message) => HeaderText.Unfold(RawBody(message));
}
