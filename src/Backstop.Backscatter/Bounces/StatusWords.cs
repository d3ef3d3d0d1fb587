namespace Backstop.Backscatter.Bounces;

/// <summary>Finds enhanced status codes (RFC 3463) in words: given ones, or ones inferred from <c>status.tsv</c>.</summary>
internal static class StatusWords
{
    private static readonly (string Status, string Words)[] _rows = [.. TableFile.Read("status.tsv").Select(r => (r[0], r[1]))];
    private static readonly PhraseIndex _index = new(_rows.Select(r => r.Words));
    private static readonly string[] _beforeStatus = ["status", "code", "dsn", "error", "smtp"];
    private static readonly string[] _beforeVersion = ["version", "release"];

    /// <summary>Returns the status that the words contain or imply, and which of the two it is.</summary>
    /// <param name="words">A diagnostic, or a whole text.</param>
    /// <param name="action">The recipient's action: a delay is not a permanent failure.</param>
    public static (string? Status, StatusSource Source) Of(string words, string action) =>
        Given(words) is { } given ? (given, StatusSource.Given)
        : Inferred(words, action) is { } inferred ? (inferred, StatusSource.Inferred)
        : (null, StatusSource.None);

    /// <summary>
    /// Whether the words contain an SMTP server's reply: an enhanced status, or a reply code in a server's form.
    /// </summary>
    public static bool HasReply(ReadOnlySpan<char> words) => Given(words) is not null || ReplyCode(words) != 0;

    /// <summary>The first enhanced status code in the words, or null.</summary>
    /// <param name="words">A diagnostic, or a whole text.</param>
    public static string? Given(ReadOnlySpan<char> words)
    {
        for (var i = words.IndexOfAny('4', '5'); i >= 0 && i + 4 < words.Length;)
        {
            var isBehindReply = IsBehindReply(words, i);
            if (words[i + 1] == '.' && (isBehindReply || IsStatusStart(words, i))
                && ReadStatus(words[i..], isBehindReply) is { Length: > 0 } status)
            {
                return status.ToString();
            }

            var next = words[(i + 1)..].IndexOfAny('4', '5');
            i = next < 0 ? -1 : i + 1 + next;
        }

        return null;
    }

    // RFC 5321 §4.2.1: "550-5.7.26" on each line of a reply but the last, "550 5.7.26" on the last. Some servers
    // separate the two codes by another character.
    private static bool IsBehindReply(ReadOnlySpan<char> words, int at) =>
        at >= 4 && words[at - 1] is ' ' or '-' or ':' or '/' or '#' && words[at - 4] is '4' or '5'
        && char.IsAsciiDigit(words[at - 3]) && char.IsAsciiDigit(words[at - 2])
        && (at == 4 || !(char.IsAsciiLetterOrDigit(words[at - 5]) || words[at - 5] is '.' or '-'));

    // Not the end of a name or number; and digits behind "version" are a version number.
    private static bool IsStatusStart(ReadOnlySpan<char> words, int at) => IsStart(words, at)
        ? !EndsWithAny(words[..at].TrimEnd(" :=#"), _beforeVersion)
        : words[at - 1] == ':' && EndsWithAny(words[..(at - 1)], _beforeStatus);

    private static bool EndsWithAny(ReadOnlySpan<char> words, string[] endings)
    {
        foreach (var ending in endings)
        {
            if (words.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // RFC 3463 §2: class "." subject "." detail without leading zeros. More dots mean an IP address or a version, a
    // longer subject the month of a date.
    private static ReadOnlySpan<char> ReadStatus(ReadOnlySpan<char> text, bool mayTouchText)
    {
        if (Digits(text[2..]) != 1 || text[3] != '.')
        {
            return [];
        }

        var detail = Digits(text[4..]);
        var end = 4 + detail;
        var rest = end < text.Length ? text[end..] : [];
        var goesOn = rest is ['.', _, ..] && char.IsAsciiDigit(rest[1]);
        var touchesText = !mayTouchText && !rest.IsEmpty && char.IsAsciiLetter(rest[0]);
        var isDetail = detail is 1 or 2 or 3 && (detail == 1 || text[4] != '0');
        return isDetail && !goesOn && !touchesText ? text[..end] : [];
    }

    /// <summary>Returns the first row of the table found in the words; null if there is none.</summary>
    /// <param name="words">A diagnostic, or a whole text.</param>
    internal static (string Status, string Words)? Row(string words)
    {
        var first = _rows.Length;
        using var places = _index.In(words);
        while (places.Next())
        {
            first = Math.Min(first, places.Phrase);
        }

        return first < _rows.Length ? _rows[first] : null;
    }

    private static string? Inferred(string words, string action)
    {
        if (Row(words) is ({ } status, _))
        {
            return action == "delayed" && status[0] == '5' ? "4" + status[1..] : status;
        }

        var code = ReplyCode(words);
        return code == 0 ? null : action == "delayed" || code < 500 ? "4.0.0" : "5.0.0";
    }

    // RFC 5321 §4.2: three digits, then a space or a hyphen. Only codes of refusals, and only in places where a
    // sentence would hardly have them by chance.
    private static int ReplyCode(ReadOnlySpan<char> words)
    {
        for (var i = words.IndexOfAny('4', '5'); i >= 0 && i + 4 < words.Length;)
        {
            var code = words.Slice(i, 3);
            if (IsStart(words, i)
                && code is "421" or "450" or "451" or "452" or "500" or "501" or "503" or "504" or "530" or "535" or "550" or "551"
                    or "552" or "553" or "554" or "555" or "571"
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
        return rest.IsEmpty || char.IsLetterOrDigit(rest[0]) || rest[0] is '<' or '(' or '[' or '\'' or '"' or '*';
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private static bool IsStart(ReadOnlySpan<char> words, int at) =>
        at == 0 || (!char.IsAsciiLetterOrDigit(words[at - 1]) && words[at - 1] is not ('.' or ':' or '-' or '/'));
}
