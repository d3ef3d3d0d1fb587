using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Measures of the text (Plugin/BodyEval.pm).</summary>
internal static class BodyEvals
{
    private static readonly PerlRegex _stockLine = new("^\\s*([^:\\s][^:\\n]{2,29})\\s*:\\s*\\S", RegexOptions.Multiline);
    private static readonly PerlRegex _stockWord = new(
        "(^trad(?:e|ing)date|company(?:name)?|s\\w?(?:t\\w?o\\w?c\\w?k|y\\w?m(?:\\w?b\\w?o\\w?l)?)|t(?:arget|icker)|(?:opening|current)"
            + "p(?:rice)?"
        + "|p(?:rojected|osition)|expectations|weeks?high|marketperformance|(?:year|week|month|day|price)(?:target|estimates?)|sector|r"
        + "(?:ecommendation|ating))$");

    private static readonly PerlRegex _signature = new("^-- ?\\r?$", RegexOptions.Multiline);

    public static void Register(EvalTable table)
    {
        table.Add("multipart_alternative_difference", static (scan, arguments) => AlternativeDifference.Of(scan).Percent is var percent
            && ((arguments.Number(0) ?? 0) == 0 || percent > arguments.Number(0)) && percent <= (arguments.Number(1) ?? double.MaxValue));
        table.Add("multipart_alternative_difference_count", static (scan, arguments) => AlternativeDifference.Of(scan) is var d
            && d.HtmlWords > (arguments.Number(1) ?? 0) && d.TextWords / (double)d.HtmlWords > (arguments.Number(0) ?? 0));
        table.Add("check_blank_line_ratio", static (scan, arguments) => BlankRatio(scan, Math.Max(1, arguments.Number(2) ?? 1)) is var ratio
            && (arguments.Number(0) == 0 || ratio > arguments.Number(0)) && ratio <= arguments.Number(1));
        table.Add("tvd_vertical_words", static (scan, arguments) => arguments.Number(1) is var max
            && SpacePercent(scan) is var percent && percent >= arguments.Number(0) && percent < (max >= 100 ? 101 : max));
        table.Add(
            "check_stock_info", static (scan, arguments) => (arguments.Number(0) ?? 0) == 0 || StockWords(scan) >= arguments.Number(0));
        table.Add("check_body_length", static (scan, arguments) => scan.Message.PristineBody.Length <= arguments.Number(0));
        table.Add(
            "plaintext_body_length",
            static (scan, arguments) => PlainLengths(scan) is { Body: >= 0 } lengths && Within(lengths.Body, arguments));
        table.Add(
            "plaintext_sig_length",
            static (scan, arguments) => PlainLengths(scan) is { Body: >= 0 } lengths && Within(lengths.Signature, arguments));
        table.Add("plaintext_body_sig_ratio", static (scan, arguments) => PlainLengths(scan) is { Body: >= 0 } lengths
            && Within(lengths.Signature == 0 ? 1e6 : lengths.Body / (double)lengths.Signature, arguments));
    }

    private static bool Within(double value, EvalArguments arguments) =>
        value >= (arguments.Number(0) ?? 0) && value <= (arguments.Number(1) ?? double.MaxValue);

    private static double BlankRatio(MessageScan scan, double minLines)
    {
        var lines = scan.RawBody.SelectMany(piece => MessageParser.SplitLines(piece)).ToList();
        return lines.Count < minLines ? -1 : 100.0 * lines.Count(l => PerlSpace.IsBlank(l)) / lines.Count;
    }

    /// <summary>The percentage of blanks in the text: words written from top to bottom leave lines full of them.</summary>
    private static int SpacePercent(MessageScan scan) => scan.Remember(
        "vertical_words", () => scan.Body.Where(l => l.Length > 5).Select(line =>
    {
        var spaces = line.Count(c => c == ' ');
        var others = line.Length - spaces;
        return spaces > others ? 100 : 100 * spaces / others;
    }).DefaultIfEmpty(-1).Max());

    private static int StockWords(MessageScan scan) => scan.Remember("stock", () =>
        scan.Message.Walk().FirstOrDefault(p => p.Type == "text/plain")?.Rendered().Text is { } text
            ? _stockLine.Matches(Octets.FromUnicode(text)).Take(10_000)
                .Select(m => _stockWord.Match(string.Concat(m.Groups[1].Value.ToLowerInvariant().Where(char.IsAsciiLetterLower))))
                .Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal).Count()
            : 0);

    private static (int Body, int Signature) PlainLengths(MessageScan scan) => scan.Remember("plain_lengths", () =>
    {
        if (scan.Message.Walk().FirstOrDefault(p => p.Type.StartsWith("text/plain", StringComparison.Ordinal)) is not { IsLeaf: true } part)
        {
            return (-1, 0);
        }

        var text = part.DecodedBody();
        var (body, signature) = (text.Length, 0);
        foreach (var match in _signature.Matches(text).Where(m => text.Length - m.Index - m.Length > 4))
        {
            (body, signature) = (match.Index, text.Length - match.Index - match.Length);
        }

        return (body, signature);
    });
}

/// <summary>How far the alternatives of a message differ: words of the HTML that the plain text lacks.</summary>
internal sealed record AlternativeDifference(double Percent, int HtmlWords, int TextWords)
{
    public static AlternativeDifference Of(MessageScan scan) => scan.Remember("alternative_difference", () => Find(scan.Message));

    private static AlternativeDifference Find(SpamMessage message)
    {
        var result = new AlternativeDifference(0, 0, 0);
        if (IsInvitation(message))
        {
            return result;
        }

        foreach (var alternative in message.Walk().Where(IsAlternative))
        {
            var html = new Dictionary<string, int>(StringComparer.Ordinal);
            var text = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (
                var part in alternative.Walk().Where(p =>
                    p.Type.StartsWith("text", StringComparison.Ordinal)).Select(p => p.Rendered()).Where(r => r.Type is not null))
            {
                Count(part.Text!, part.Type == "text/html" ? html : text);
                if (part.Type == "text/html" && html.Count == 0 && part.Html?.Inside.ContainsKey("img") == true)
                {
                    html["\n"] = 1;
                }
            }

            if (html.Count > 0)
            {
                var missing = html.Count(w => !text.TryGetValue(w.Key, out var count) || w.Value - count >= 1);
                result = new AlternativeDifference(Math.Max(result.Percent, missing / (double)html.Count * 100), html.Count, text.Count);
            }
        }

        return result;
    }

    private static bool IsAlternative(MimeNode node) =>
        node.Type.StartsWith("multipart/alternative", StringComparison.Ordinal)
            && (node.Type.Length == 21 || !char.IsAsciiLetterOrDigit(node.Type[21]));

    private static bool IsInvitation(SpamMessage message) =>
        message is { Type: "multipart/alternative", Parts: [{ Type: "text/html" }, { Type: "text/calendar" }] };

    private static void Count(string text, Dictionary<string, int> words)
    {
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Any(c => char.IsLetterOrDigit(c) || c == '_'))
            {
                words[word] = words.GetValueOrDefault(word) + 1;
            }
        }
    }
}
