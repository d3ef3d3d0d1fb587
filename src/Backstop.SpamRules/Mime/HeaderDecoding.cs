using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>A header field's body to UTF-8 octets: unfolded, 8-bit text normalised, encoded-words (RFC 2047) decoded.</summary>
internal static class HeaderDecoding
{
    private static readonly PerlRegex _notEncoded = new(
        "^(?:Received|(?:Resent-)?(?:Message-ID|Date)|MIME-Version|References|In-Reply-To|List-.*"
            + ")\\z", RegexOptions.IgnoreCase | RegexOptions.Singleline);

    public static string Decode(string body, string name)
    {
        if (body.Length == 0)
        {
            return "";
        }

        var text = body.Contains('\n')
            ? body.Replace("\n\t", "\n ", StringComparison.Ordinal).Replace("\r\n", "", StringComparison.Ordinal)
            .Replace("\n", "", StringComparison.Ordinal)
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
        foreach (var word in EncodedWord.Split(text))
        {
            var charset = text[word.Charset].ToLowerInvariant();
            var part = word.IsEncoded ? DecodeWord(text[word.Encoding], text[word.Text]) : text[word.Text];
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

    private static string DecodeWord(char encoding, string text) => encoding is 'B' or 'b'
        ? TransferDecoding.Base64(text)
        : TransferDecoding.QuotedPrintable(text.Replace("_", "=20", StringComparison.Ordinal));
}
