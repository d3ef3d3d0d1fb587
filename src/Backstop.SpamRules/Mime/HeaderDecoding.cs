using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>A header field's body to UTF-8 octets: unfolded, 8-bit text normalised, encoded-words (RFC 2047) decoded.</summary>
internal static class HeaderDecoding
{
    private static readonly PerlRegex _notEncoded = new(
        "^(?:Received|(?:Resent-)?(?:Message-ID|Date)|MIME-Version|References|In-Reply-To|List-.*)\\z", RegexOptions.IgnoreCase | RegexOptions.Singleline);

    private static readonly PerlRegex _betweenWords = new(
        "(=\\?[A-Za-z0-9*_-]+\\?[bqBQ]\\?[^?]*\\?=)\\s+(?==\\?[A-Za-z0-9*_-]+\\?[bqBQ]\\?[^?]*\\?=)");

    private static readonly PerlRegex _word = new(
        "\\G=\\?([A-Za-z0-9*_-]+)\\?([bqBQ])\\?([^?]*)\\?=|\\G([^=]+|.)", RegexOptions.Singleline);

    public static string Decode(string body, string name)
    {
        if (body.Length == 0)
        {
            return "";
        }

        var text = body.Contains('\n')
            ? body.Replace("\n\t", "\n ", StringComparison.Ordinal).Replace("\r\n", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal)
            : body;
        if (!Octets.IsAscii(text))
        {
            text = Octets.FromUnicode(Charsets.Decode(text, "UTF-8"));
        }

        return !text.Contains("=?", StringComparison.Ordinal) || _notEncoded.IsMatch(name) ? text : DecodeWords(text);
    }

    private static string DecodeWords(string text)
    {
        var sections = new List<(StringBuilder Text, string Charset)>();
        foreach (var match in _word.Matches(_betweenWords.Replace(text, "$1")))
        {
            var charset = match.Groups[1].Success ? match.Groups[1].Value.ToLowerInvariant() : "";
            var part = match.Groups[1].Success ? DecodeWord(match.Groups[2].Value, match.Groups[3].Value) : match.Groups[4].Value;
            if (sections.Count > 0 && sections[^1].Charset == charset)
            {
                sections[^1].Text.Append(part);
            }
            else
            {
                sections.Add((new StringBuilder(part), charset));
            }
        }

        var result = new StringBuilder(text.Length);
        foreach (var (part, charset) in sections)
        {
            var star = charset.IndexOf('*', StringComparison.Ordinal);
            var name = star < 0 ? charset : charset[..star];
            result.Append(name.Length == 0 ? part.ToString() : Octets.FromUnicode(Charsets.Decode(part.ToString(), name, insist: true)));
        }

        return result.ToString();
    }

    private static string DecodeWord(string encoding, string text) => encoding is "B" or "b"
        ? TransferDecoding.Base64(text)
        : TransferDecoding.QuotedPrintable(text.Replace("_", "=20", StringComparison.Ordinal));
}
