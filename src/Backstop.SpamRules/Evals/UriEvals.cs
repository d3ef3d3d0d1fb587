using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>Tricks with links (Plugin/URIEval.pm).</summary>
internal static class UriEvals
{
    private const int MaxHops = 20;

    private static readonly PerlRegex _redirect = new("^https?://([^/:?]+).+?(https?:/{0,2}?([^/:?]+).*)$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _addressLink = new("^https?:/*(?:[^@/]+@)?\\d+\\.\\d+\\.\\d+\\.\\d+", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _secureAddress = new("^https:/*(?:[^@/]+@)?\\d+\\.\\d+\\.\\d+\\.\\d+", RegexOptions.IgnoreCase);

    public static void Register(EvalTable table)
    {
        table.Add("check_for_http_redirector", static (scan, _) => scan.Uris.Cleaned().Exists(uri => Redirects(scan, uri)));
        table.Add("check_https_ip_mismatch", static (scan, _) => scan.Html.SelectMany(h => h.Links)
            .Any(link => _addressLink.IsMatch(link.Key) && link.Value.AnchorTexts.Select(t => t.ToString())
                .Any(t => !_secureAddress.IsMatch(t) && t.Contains("https:", StringComparison.OrdinalIgnoreCase))));
        table.Add("check_uri_truncated", static (scan, _) => scan.Uris.Truncated);
    }

    private static bool Redirects(MessageScan scan, string uri)
    {
        for (var hop = 0; hop < MaxHops && _redirect.Match(uri) is { Success: true } match; hop++)
        {
            uri = match.Groups[2].Value;
            string Domain(int group) => scan.Settings.Boundaries.OfUri(match.Groups[group].Value)?.Domain ?? match.Groups[group].Value;
            if (Domain(1) != Domain(3))
            {
                return true;
            }
        }

        return false;
    }
}
