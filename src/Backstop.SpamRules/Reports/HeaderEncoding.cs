using System.Globalization;
using System.Text;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Reports;

/// <summary>Writes octets beyond ASCII of a field's body as encoded-words (RFC 2047), line by line.</summary>
internal static class HeaderEncoding
{
    public static string Encode(string body) => Octets.IsAscii(body) ? body : string.Join('\n', body.Split('\n').Select(EncodeLine));

    private static string EncodeLine(string line)
    {
        if (Octets.IsAscii(line))
        {
            return line;
        }

        // The words from the first to the last that need it are one encoded-word.
        var first = line.AsSpan().IndexOfAnyExceptInRange('\0', '\x7f');
        var last = line.AsSpan().LastIndexOfAnyExceptInRange('\0', '\x7f');
        var start = line.LastIndexOf(' ', first) + 1;
        var space = line.IndexOf(' ', last);
        var end = space < 0 ? line.Length : space;
        return $"{line[..start]}=?UTF-8?Q?{Quote(line[start..end])}?={line[end..]}";
    }

    private static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length * 3);
        foreach (var c in text)
        {
            _ = c == ' ' ? quoted.Append('_')
                : c is > ' ' and < '\x7f' and not ('=' or '?' or '_') ? quoted.Append(c)
                : quoted.Append('=').Append(((byte)c).ToString("X2", CultureInfo.InvariantCulture));
        }

        return quoted.ToString();
    }
}
