using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Attachments;

/// <summary>Strings of PDF files: <c>(text)</c> and <c>&lt;hexadecimal&gt;</c> (ISO 32000 7.3.4), to octets.</summary>
internal static class PdfStrings
{
    /// <summary>
    /// A string that ends: at the first closing parenthesis without a backslash in front of it, or at the first &gt;. Nesting is not
    /// counted.
    /// </summary>
    public const string Pattern = "(\\((?:(?:[^)]|\\\\\\))*(?:[^)\\\\]|\\\\\\)))?\\)|<[^>]*>)";

    private const int MaxLength = 256;

    private static readonly PerlRegex _escaped = new("\\\\([()\\\\])");
    private static readonly string _bigEndian = Octets.FromBytes([0xFE, 0xFF]);
    private static readonly string _littleEndian = Octets.FromBytes([0xFF, 0xFE]);

    /// <summary>Decodes a string to at most 256 octets. UTF-16 is read by dropping its zero octets.</summary>
    public static string Parse(string text)
    {
        if (text.StartsWith('<'))
        {
            return Cut(Narrow(Hexadecimal(text)));
        }

        var inner = text.StartsWith('(') ? text[1..] : text;
        inner = inner.EndsWith(')') ? inner[..^1] : inner;
        return Cut(_escaped.Replace(Narrow(Octal(inner)), (Match match) => match.Groups[1].Value));
    }

    private static string Cut(string text) => text.Length > MaxLength ? text[..MaxLength] : text;

    private static string Narrow(string text) =>
        text.StartsWith(_bigEndian, StringComparison.Ordinal) || text.StartsWith(_littleEndian, StringComparison.Ordinal)
            ? text[2..].Replace("\0", "", StringComparison.Ordinal)
            : text;

    private static string Hexadecimal(string text)
    {
        var octets = new StringBuilder(text.Length / 2);
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsAsciiHexDigit(text[i]) && char.IsAsciiHexDigit(text[i + 1]))
            {
                octets.Append(Octets.FromByte(Convert.ToByte(text.Substring(i++, 2), 16)));
            }
        }

        return octets.ToString();
    }

    private static string Octal(string text)
    {
        var octets = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && (i == 0 || text[i - 1] != '\\') && i + 3 < text.Length && text[i + 1] is >= '0' and <= '3'
                && text[i + 2] is >= '0' and <= '7' && text[i + 3] is >= '0' and <= '7')
            {
                octets.Append(Octets.FromByte(Convert.ToByte(text.Substring(i + 1, 3), 8)));
                i += 3;
            }
            else
            {
                octets.Append(text[i]);
            }
        }

        return octets.ToString();
    }
}
