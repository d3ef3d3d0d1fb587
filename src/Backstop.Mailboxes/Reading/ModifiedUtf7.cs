using System.Text;

namespace Backstop.Mailboxes.Reading;

/// <summary>Converts folder names of IMAP and Maildir++: RFC 3501 §5.1.3.</summary>
internal static class ModifiedUtf7
{
    /// <summary>Decodes a name for display; a malformed name is returned unchanged.</summary>
    /// <param name="name">A folder's name on the disk.</param>
    public static string Decode(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var text = new StringBuilder();
        var lastDash = name.LastIndexOf('-');
        for (var at = 0; at < name.Length;)
        {
            var end = name[at] == '&' && at < lastDash ? name.IndexOf('-', at) : -1;
            if (end < 0)
            {
                text.Append(name[at++]);
                continue;
            }

            text.Append(end == at + 1 ? "&" : Shifted(name.AsSpan(at + 1, end - at - 1)) ?? name[at..(end + 1)]);
            at = end + 1;
        }

        return text.ToString();
    }

    /// <summary>Encodes a name for the disk.</summary>
    /// <param name="text">The name as displayed.</param>
    public static string Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var name = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var end = at;
            while (end < text.Length && text[end] is < ' ' or > '~')
            {
                end++;
            }

            if (end > at)
            {
                name.Append('&').Append(
                    Convert.ToBase64String(Encoding.BigEndianUnicode.GetBytes(text[at..end])).TrimEnd('=').Replace('/', ',')).Append('-');
                at = end;
                continue;
            }

            name.Append(text[at] == '&' ? "&-" : text[at].ToString());
            at++;
        }

        return name.ToString();
    }

    private static string? Shifted(ReadOnlySpan<char> base64)
    {
        var padded = base64.ToString().Replace(',', '/').PadRight((base64.Length + 3) / 4 * 4, '=');
        var bytes = new byte[padded.Length];
        return Convert.TryFromBase64String(padded, bytes, out var length) && length % 2 == 0
            ? Encoding.BigEndianUnicode.GetString(bytes, 0, length)
            : null;
    }
}
