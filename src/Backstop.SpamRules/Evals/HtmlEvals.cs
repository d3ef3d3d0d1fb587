using System.Text.RegularExpressions;
using Backstop.SpamRules.Html;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>What the HTML parts show (Plugin/HTMLEval.pm, HTTPSMismatch.pm).</summary>
internal static class HtmlEvals
{
    private static readonly PerlRegex _comparison = new("^\\s*(<=|>=|==|!=|<|>)\\s*(-?\\d+)\\s*$");

    public static void Register(EvalTable table)
    {
        table.Add(
            "html_test",
            static (scan, arguments) => scan.Html.Any(h =>
                h.Flags.Contains(arguments[0] ?? "") || h.Numbers.GetValueOrDefault(arguments[0] ?? "") != 0));
        table.Add("html_tag_exists", static (scan, arguments) => scan.Html.Any(h => h.Inside.ContainsKey(arguments[0] ?? "")));
        table.Add(
            "html_tag_balance",
            static (scan, arguments) => scan.Html.Any(h =>
                h.Inside.TryGetValue(arguments[0] ?? "", out var depth) && Compare(depth, arguments[1])));
        table.Add(
            "html_eval",
            static (scan, arguments) => scan.Html.Any(h =>
                h.Numbers.TryGetValue(arguments[0] ?? "", out var value) && Compare(value, arguments[1])));
        table.Add(
            "html_range",
            static (scan, arguments) => scan.Html.Any(h =>
                h.Numbers.TryGetValue(arguments[0] ?? "", out var value) && arguments.HoldsAbove(value, 1, 2)));
        table.Add(
            "html_image_only",
            static (scan, arguments) => scan.Html.Any(h => h.Inside.ContainsKey("img") && arguments.HoldsAbove(h.Numbers["length"], 0, 1)));
        table.Add("html_image_ratio", static (scan, arguments) => scan.Html.Any(h =>
            h.Numbers["image_area"] > 0 && arguments.HoldsAbove(h.Numbers["non_space_len"] / h.Numbers["image_area"], 0, 1)));
        table.Add("html_text_match", static (scan, arguments) => AnyText(scan, arguments, matches: true));
        table.Add("html_text_not_match", static (scan, arguments) => AnyText(scan, arguments, matches: false));
        table.Add("html_title_subject_ratio", static (scan, arguments) => scan.Headers.One("Subject") is { Length: > 0 } subject
            && scan.Html.Any(h => h.Titles.Any(t => t.Length > 0 && t.Length / (double)subject.Length > (arguments.Number(0) ?? 0))));
        table.Add("html_charset_faraway", static (scan, _) => Locales.IsFarawayHtml(scan));
        table.Add("check_iframe_src", static (scan, _) => scan.Html.Any(h => h.Links.Values.Any(l => l.Types.Contains("iframe"))));
        table.Add("check_https_http_mismatch", static (scan, arguments) => scan.Html.Any(h => HasMismatch(scan, h, arguments)));
    }

    private static bool Compare(double value, string? comparison)
    {
        if (_comparison.Match(comparison ?? "") is not { Success: true } match)
        {
            return false;
        }

        var other = double.Parse(match.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
        return match.Groups[1].Value switch
        {
            "<" => value < other,
            ">" => value > other,
            "<=" => value <= other,
            ">=" => value >= other,
            "==" => value == other,
            _ => value != other,
        };
    }

    private static bool AnyText(MessageScan scan, EvalArguments arguments, bool matches)
    {
        var pattern = arguments[1] is { } text ? EvalPatterns.Get(text) : null;
        return pattern is not null
            && scan.Html.Any(h => h.Texts(arguments[0] ?? "").Any(t => pattern.IsMatch(Octets.FromUnicode(t), scan.Steps) == matches));
    }

    private static readonly PerlRegex _webHost = new("^https?://([^/:?#]+)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _secureHost = new("https://([^\\s/:?#]+)", RegexOptions.IgnoreCase);

    /// <summary>Whether an anchor shows an https address of another domain than it leads to.</summary>
    private static bool HasMismatch(MessageScan scan, HtmlResults html, EvalArguments arguments)
    {
        var boundaries = scan.Settings.Boundaries;
        var (hit, anchors, max) = (false, 0, arguments.Number(1) ?? double.MaxValue);
        if (!html.Links.Any(l => l.Value.AnchorTexts.Exists(t => t.ToString().Contains("https://", StringComparison.OrdinalIgnoreCase))))
        {
            return false;
        }

        foreach (var (uri, link) in html.Links)
        {
            if (anchors >= max)
            {
                return false;
            }

            if (link.AnchorTexts.Count == 0 || _webHost.Match(uri) is not { Success: true } host
                || IpPatterns.IsAddress(host.Groups[1].Value))
            {
                continue;
            }

            var domain = boundaries.TrimDomain(Octets.FromUnicode(host.Groups[1].Value));
            if (boundaries.OfUri(domain) is not { } found || !boundaries.IsValid(found.Domain))
            {
                continue;
            }

            anchors++;
            hit |= link.AnchorTexts.Select(t => _secureHost.Match(t.ToString()))
                .Any(m => m.Success && Shown(scan, m.Groups[1].Value) is { } shown && shown != domain);
        }

        return hit && anchors >= (arguments.Number(0) is { } min and > 0 ? min : 1) && anchors < max;
    }

    private static string? Shown(MessageScan scan, string host)
    {
        if (IpPatterns.IsAddress(host))
        {
            return host;
        }

        var domain = scan.Settings.Boundaries.TrimDomain(Octets.FromUnicode(host));
        return scan.Settings.Boundaries.IsValid(domain) ? domain : null;
    }
}
