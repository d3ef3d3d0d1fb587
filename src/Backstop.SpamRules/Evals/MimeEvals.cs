using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>The structure of a message and the form of its parts (Plugin/MIMEEval.pm).</summary>
internal static class MimeEvals
{
    private static readonly PerlRegex _capsCharset = new(
        "^[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-_a-z0-9]*$", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _charset = new("charset=(?:\"([^\"]+)\"|'([^']+)'|(\\S+))", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _twoWords = new("\\S\\s+\\S");
    private static readonly PerlRegex _base64Lines = new("^(?:[A-Za-z0-9+/=]{60,76} ){2}");
    private static readonly PerlRegex _japanese = new("\\x1b\\$B.*\\x1b\\(B", RegexOptions.Singleline);

    public static void Register(EvalTable table)
    {
        table.Add("check_for_mime", static (scan, arguments) => MimeFacts.Of(scan).Flag(arguments[0] ?? ""));
        table.Add("check_for_mime_html", static (scan, _) => IsHtml(scan) || MimeFacts.Of(scan).HtmlParts > 0);
        table.Add("check_for_mime_html_only", static (scan, _) => IsHtml(scan) || MimeFacts.Of(scan) is { HtmlParts: > 0, TextParts: 0 });
        table.Add("check_mime_multipart_ratio", static (scan, arguments) => arguments.HoldsBelow(MimeFacts.Of(scan).MultipartRatio, 0, 1));
        table.Add("check_msg_parse_flags", static (scan, arguments) => scan.Message.Flags.Contains(arguments[0] ?? ""));
        table.Add("check_for_ascii_text_illegal", static (scan, _) => MimeFacts.Of(scan).IllegalAsciiLines > 0);
        table.Add(
            "check_abundant_unicode_ratio",
            static (scan, arguments) => arguments.Number(0) is { } ratio && MimeFacts.Of(scan).UnicodeRatio >= ratio);
        table.Add("check_qp_ratio", static (scan, arguments) => MimeFacts.Of(scan).QuotedRatio >= (arguments.Number(0) ?? 0));
        table.Add("check_for_faraway_charset", static (scan, _) => HasFarawayCharset(scan));
        table.Add("check_for_uppercase", static (scan, arguments) => arguments.HoldsAbove(UppercasePercent(scan), 0, 1));
        table.Add("check_ma_non_text", static (scan, _) => HasAlternativeWithoutText(scan));
        table.Add("check_base64_length", static (scan, arguments) =>
            Base64Line(scan) is var length && length >= (arguments.Number(0) ?? 0) && length <= (arguments.Number(1) ?? double.MaxValue));
    }

    private static bool IsHtml(MessageScan scan) =>
        scan.Headers.One("Content-Type").StartsWith("text/html", StringComparison.OrdinalIgnoreCase);

    private static bool HasFarawayCharset(MessageScan scan)
    {
        if (Locales.AllowsAll(scan) || CharsetOfHeader(scan) is not { } charset || Locales.IsOk(charset, scan))
        {
            return false;
        }

        var high = scan.Body.Sum(line => line.Count(Octets.IsHigh));
        return high > 3 && scan.Body.Sum(line => line.Length) - high <= high;
    }

    private static string? CharsetOfHeader(MessageScan scan) => _charset.Match(scan.Headers.One("Content-Type")) is { Success: true } match
        ? match.Groups.Values.Skip(1).First(g => g.Success).Value
        : null;

    private static double UppercasePercent(MessageScan scan) => scan.Remember("uppercase", () =>
    {
        var charsets = new[] { CharsetOfHeader(scan) }.OfType<string>().Concat(MimeFacts.Of(scan).Charsets);
        if (charsets.Any(_capsCharset.IsMatch))
        {
            return 0.0;
        }

        int length = 0, lower = 0, upper = 0;
        foreach (var whole in scan.Body.Where(l => _twoWords.IsMatch(l) && !_base64Lines.IsMatch(l)))
        {
            var line = _japanese.Replace(whole, "");
            length += line.Length;
            lower += line.Count(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));
            upper += line.Count(char.IsAsciiLetterUpper);
        }

        return length < 200 || upper + lower == 0 ? 0 : upper / (double)(upper + lower) * 100;
    });

    private static bool HasAlternativeWithoutText(MessageScan scan) => scan.Message.Walk().Where(n => n.Type == "multipart/alternative")
        .SelectMany(n => n.Parts ?? [])
        .Any(p =>
        p.IsLeaf && p.Type is not ("multipart/related" or "application/rtf") && !p.Type.StartsWith("text/", StringComparison.Ordinal));

    private static int Base64Line(MessageScan scan) => scan.Remember("base64_line", () => scan.Message.Leaves()
        .Where(p =>
        p.ParseContentType().Type != "application/ics" && p.Header("content-transfer-encoding").Equals(
            "base64", StringComparison.OrdinalIgnoreCase))
        .SelectMany(p => p.Raw ?? []).Select(l => l.Length).DefaultIfEmpty(0).Max());
}
