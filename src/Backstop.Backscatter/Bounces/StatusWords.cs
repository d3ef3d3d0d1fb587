using System.Buffers;

namespace Backstop.Backscatter.Bounces;

/// <summary>Enhanced status codes (RFC 3463) out of words: given ones found, missing ones inferred from <c>status.tsv</c>.</summary>
internal static class StatusWords
{
    private static readonly (string Status, string Words)[] _rows = [.. TableFile.Read("status.tsv").Select(r => (r[0], r[1]))];
    private static readonly SearchValues<string> _search = SearchValues.Create([.. _rows.Select(r => r.Words)], StringComparison.OrdinalIgnoreCase);

    /// <summary>The status that the words tell, and whether they give it or let it be inferred.</summary>
    /// <param name="words">A diagnostic, or a whole text.</param>
    /// <param name="action">What happened to the recipient: a delay is no permanent failure.</param>
    public static (string? Status, StatusSource Source) Of(string words, string action) =>
        Given(words) is { } given ? (given, StatusSource.Given)
        : Inferred(words, action) is { } inferred ? (inferred, StatusSource.Inferred)
        : (null, StatusSource.None);

    /// <summary>Whether there is a reply of an SMTP server in the words: an enhanced status, or a reply code as servers write it.</summary>
    public static bool HasReply(string words) => Given(words) is not null || ReplyCode(words) != 0;

    // The first enhanced status code in the words.
    private static string? Given(ReadOnlySpan<char> words)
    {
        for (var i = words.IndexOfAny('4', '5'); i >= 0 && i + 4 < words.Length;)
        {
            if (IsStart(words, i) && words[i + 1] == '.' && ReadStatus(words[i..]) is { Length: > 0 } status)
            {
                return status.ToString();
            }

            var next = words[(i + 1)..].IndexOfAny('4', '5');
            i = next < 0 ? -1 : i + 1 + next;
        }

        return null;
    }

    // RFC 3463 §2: class "." subject "." detail, up to three digits each. More digits or dots are an IP address or a version.
    private static ReadOnlySpan<char> ReadStatus(ReadOnlySpan<char> text)
    {
        var at = 2;
        var subject = Digits(text[at..]);
        if (subject is 0 or > 3 || text.Length <= at + subject || text[at + subject] != '.')
        {
            return [];
        }

        at += subject + 1;
        var detail = Digits(text[at..]);
        var end = at + detail;
        var isEnd = end >= text.Length || (!char.IsAsciiLetterOrDigit(text[end]) && !(text[end] == '.' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1])));
        return detail is > 0 and <= 3 && isEnd ? text[..end] : [];
    }

    private static string? Inferred(string words, string action)
    {
        if (words.AsSpan().ContainsAny(_search))
        {
            foreach (var (status, phrase) in _rows)
            {
                if (words.Contains(phrase, StringComparison.OrdinalIgnoreCase))
                {
                    return action == "delayed" && status[0] == '5' ? "4" + status[1..] : status;
                }
            }
        }

        var code = ReplyCode(words);
        return code == 0 ? null : action == "delayed" || code < 500 ? "4.0.0" : "5.0.0";
    }

    // RFC 5321 §4.2: three digits, then a space or a hyphen. Only the codes that refuse, and only where a sentence could not have them by chance.
    private static int ReplyCode(ReadOnlySpan<char> words)
    {
        for (var i = words.IndexOfAny('4', '5'); i >= 0 && i + 4 < words.Length;)
        {
            var code = words.Slice(i, 3);
            if (IsStart(words, i) && code is "421" or "450" or "451" or "452" or "500" or "501" or "503" or "504" or "530" or "535" or "550" or "551" or "552" or "553" or "554" or "555" or "571"
                && words[i + 3] is ' ' or '-' or ':' or '#' && IsReplyText(words[(i + 4)..]))
            {
                return int.Parse(code, System.Globalization.CultureInfo.InvariantCulture);
            }

            var next = words[(i + 1)..].IndexOfAny('4', '5');
            i = next < 0 ? -1 : i + 1 + next;
        }

        return 0;
    }

    // "550 no such user", "550 5.1.1 ...", "550 <a@b>", "550 - no"; not "450 €".
    private static bool IsReplyText(ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart(" -:#");
        return rest.IsEmpty || char.IsAsciiLetterOrDigit(rest[0]) || rest[0] is '<' or '(' or '[' or '\'' or '"' or '*';
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private static bool IsStart(ReadOnlySpan<char> words, int at) => at == 0 || (!char.IsAsciiLetterOrDigit(words[at - 1]) && words[at - 1] is not ('.' or ':' or '-' or '/'));
}
