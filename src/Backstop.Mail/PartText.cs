using System.Text;
using System.Text.Unicode;
using MimeKit.Encodings;

namespace Backstop.Mail;

/// <summary>
/// Decodes a part: its transfer encoding, and its charset where text is asked for. Reads at most the length asked for.
/// </summary>
public static class PartText
{
    private static readonly string[] _doubles =
        ["gb", "big5", "euc-", "ks_c_", "cp936", "cp949", "cp950", "windows-936", "windows-949", "windows-950", "x-gbk", "x-big5"];

    static PartText() => CodePages.Register();

    /// <summary>Decodes base64 and quoted-printable (RFC 2045 §6).</summary>
    /// <param name="raw">The body as it lies in the message.</param>
    /// <param name="transferEncoding">In lower case.</param>
    /// <param name="max">The most encoded octets to decode.</param>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> raw, string transferEncoding, int max)
    {
        raw = raw.Length > max ? raw[..max] : raw;
        MessageBudget.Charge(raw.Length);
        IMimeDecoder? decoder = transferEncoding switch
        {
            "base64" => new Base64Decoder(),
            "quoted-printable" => new QuotedPrintableDecoder(),
            _ => null,
        };
        if (decoder is null)
        {
            return raw;
        }

        var input = raw.ToArray();
        var output = new byte[decoder.EstimateOutputLength(input.Length)];
        var length = decoder.Decode(input, 0, input.Length, output);
        return output.AsMemory(0, length);
    }

    /// <summary>
    /// Decodes the part to text in its charset and removes HTML tags; an unknown charset is read as UTF-8 or Latin-1.
    /// </summary>
    /// <param name="message">The message that was scanned.</param>
    /// <param name="part">One of its parts.</param>
    /// <param name="max">The most encoded octets to decode.</param>
    public static string Read(ReadOnlyMemory<byte> message, MimePart part, int max)
    {
        ArgumentNullException.ThrowIfNull(part);
        var text = ToText(Decode(message[part.BodyStart..part.BodyEnd], part.TransferEncoding, max).Span, part.Type.Charset);
        return part.Type.MediaType == "text/html" ? HtmlText.Read(text) : text;
    }

    // This many octets beyond ASCII are hardly valid UTF-8 by chance. Text with two octets a character needs more: most
    // of GB 2312 begins with C2 to DF, as UTF-8 pairs do, and a few words can be valid by chance.
    private static bool IsUtf8InDisguise(ReadOnlySpan<byte> bytes, string? charset)
    {
        var enough = Array.Exists(_doubles, d => charset?.StartsWith(d, StringComparison.OrdinalIgnoreCase) == true) ? 20 : 6;
        if (Ascii.IsValid(bytes) || !Utf8.IsValid(bytes))
        {
            return false;
        }

        var beyond = 0;
        foreach (var b in bytes)
        {
            beyond += b >= 0x80 ? 1 : 0;
        }

        return beyond >= enough;
    }

    private static string ToText(ReadOnlySpan<byte> bytes, string? charset)
    {
        // ISO-2022-JP is 7-bit, so mail that leaves its name out is common (RFC 1468: ESC $ B begins Japanese).
        // Some gateways convert the text but keep the old charset name, or the reverse. The octets decide which it is.
        charset = charset is null or "us-ascii" or "utf-8" && bytes.IndexOf("\e$B"u8) >= 0 ? "iso-2022-jp"
            : IsUtf8InDisguise(bytes, charset) ? "utf-8"
            : charset;
        if (charset is null or "us-ascii" or "utf-8" or "iso-8859-1" or "latin1")
        {
            return HeaderText.ToText(bytes);
        }

        try
        {
            return Encoding.GetEncoding(charset).GetString(bytes);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            // An unknown charset, or UTF-7, which .NET deliberately rejects.
            return HeaderText.ToText(bytes);
        }
    }
}
