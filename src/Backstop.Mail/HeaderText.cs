using System.Buffers;
using System.Text;
using System.Text.Unicode;
using MimeKit.Utils;

namespace Backstop.Mail;

/// <summary>Turns header bytes into text: unfolds, and decodes for display.</summary>
public static class HeaderText
{
    private static readonly SearchValues<char> _beforeAddress = SearchValues.Create(" \t,;:(<\"");
    private static readonly SearchValues<char> _afterAddress = SearchValues.Create(" \t,;)>\"");

    /// <summary>
    /// The longest field body that is turned into text; longer ones are cut so that a hostile field costs little.
    /// </summary>
    public const int MaxBody = 8192;

    static HeaderText() => CodePages.Register();

    /// <summary>Joins folded lines and trims, RFC 5322 §2.2.3.</summary>
    /// <param name="raw">The body as it lies in the message.</param>
    public static string Unfold(ReadOnlySpan<byte> raw)
    {
        raw = raw.Length > MaxBody ? raw[..MaxBody] : raw;
        raw = raw.Trim(" \t\r\n"u8);
        var text = ToText(raw);
        return text.AsSpan().ContainsAny('\r', '\n')
            ? text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal)
            : text;
    }

    /// <summary>Converts octets to text: as UTF-8 if valid (RFC 6532), else as Latin-1, which never fails.</summary>
    /// <param name="bytes">Any octets.</param>
    public static string ToText(ReadOnlySpan<byte> bytes) => EncodingOf(bytes).GetString(bytes);

    /// <summary>
    /// The encoding with which <see cref="ToText"/> reads octets. Encode a reply with the same one: another would name
    /// a different address.
    /// </summary>
    /// <param name="bytes">Any octets.</param>
    public static Encoding EncodingOf(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1;

    /// <summary>Decodes encoded words (RFC 2047) for display.</summary>
    /// <param name="text">An unfolded body.</param>
    public static string Decode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Contains("=?", StringComparison.Ordinal) ? Rfc2047.DecodeText(Encoding.UTF8.GetBytes(text)) : text;
    }

    /// <summary>Returns the first address in a field such as From or To, or null.</summary>
    /// <param name="body">An unfolded body.</param>
    public static string? FirstAddress(string body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var open = body.LastIndexOf('<');
        var close = open < 0 ? -1 : body.IndexOf('>', open);
        if (close > open + 1)
        {
            return body[(open + 1)..close].Trim();
        }

        var at = body.IndexOf('@', StringComparison.Ordinal);
        if (at <= 0)
        {
            return null;
        }

        var start = body.AsSpan(0, at).LastIndexOfAny(_beforeAddress) + 1;
        var length = body.AsSpan(at).IndexOfAny(_afterAddress);
        return length < 0 ? body[start..] : body[start..(at + length)];
    }
}
