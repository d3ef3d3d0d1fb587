using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Smtp;

/// <summary>The xtext encoding of RFC 3461 §4: printable ASCII but + and = stands for itself, any other octet is +XX.</summary>
public static class XText
{
    /// <summary>Encodes a text: its UTF-8 octets as xtext.</summary>
    /// <param name="text">Any text.</param>
    public static string Encode(string text)
    {
        var encoded = new StringBuilder();
        foreach (var c in Encoding.UTF8.GetBytes(text))
        {
            _ = c is > 32 and < 127 and not ((byte)'+' or (byte)'=')
                ? encoded.Append((char)c)
                : encoded.Append(CultureInfo.InvariantCulture, $"+{c:X2}");
        }

        return encoded.ToString();
    }

    /// <summary>Decodes xtext, as UTF-8; null where a + is not followed by two hexadecimal digits.</summary>
    /// <param name="text">What was received.</param>
    public static string? Decode(ReadOnlySpan<char> text)
    {
        var octets = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '+')
            {
                if (i + 2 >= text.Length
                    || !byte.TryParse(
                    text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octets[length]))
                {
                    return null;
                }

                i += 2;
                length++;
            }
            else
            {
                length += Encoding.UTF8.GetBytes(text.Slice(i, 1), octets.AsSpan(length));
            }
        }

        return Encoding.UTF8.GetString(octets, 0, length);
    }
}
