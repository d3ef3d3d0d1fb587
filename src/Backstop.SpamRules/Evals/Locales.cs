using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>
/// Charsets that the user's languages do not need (ok_locales; Locales.pm). With <c>all</c>, the default, every charset is needed.
/// </summary>
internal static class Locales
{
    private static readonly Dictionary<string, string[]> _charsets = new(StringComparer.Ordinal)
    {
        ["ja"] = [
            "EUCJP", "JISX020119760", "JISX020819830", "JISX020819900", "JISX020819970", "JISX021219900", "JISX021320001",
            "JISX021320002", "SHIFTJIS", "XSJIS", "ISO2022JP", "SJIS", "JIS7", "JISX0201", "JISX0208", "JISX0212"],
        ["ko"] = ["EUCKR", "KSC56011987"],
        ["ru"] = ["KOI8R", "KOI8U", "KOI8T", "ISOIR111", "CP1251", "GEORGIANPS", "CP1251", "PT154"],
        ["th"] = ["TIS620"],
        ["zh"] = ["GB1988", "GB2312", "GB231219800", "GB18030", "GBK", "BIG5HKSCS", "BIG5", "EUCTW", "ISO2022CN"],
    };

    private static readonly PerlRegex _word = new("=\\?(.+?)\\?.\\?.*?\\?=");
    private static readonly PerlRegex _western = new("^(?:ISO8859|USASCII|UTF|WINDOWS125|CP125|LATIN|ASCII|ANSI|UNKNOWN|X)");

    public static bool AllowsAll(MessageScan scan) => Ok(scan).Contains("all");

    public static bool IsOk(string charset, MessageScan scan)
    {
        var name = string.Concat(charset.ToUpperInvariant().Where(char.IsAsciiLetterOrDigit));
        return _western.IsMatch(name) || !_charsets.Values.Any(list => list.Contains(name))
            || Ok(scan).Any(l => l.Length >= 2 && _charsets.GetValueOrDefault(l[..2], []).Contains(name));
    }

    public static bool IsFarawayHeader(MessageScan scan) => !AllowsAll(scan)
        && scan.Headers.All("From:raw").Concat(scan.Headers.All("Subject:raw")).SelectMany(_word.Matches)
        .Any(m => !IsOk(m.Groups[1].Value, scan));

    public static bool IsFarawayHtml(MessageScan scan) => !AllowsAll(scan) && scan.Html.Any(html =>
    {
        var names = html.Charsets?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var bad = names.Count(n => !IsOk(n, scan));
        return bad > 0 && bad >= names.Length - bad;
    });

    private static string[] Ok(MessageScan scan) => scan.Settings.OkLocales.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
