using Backstop.SpamRules.Messages;

namespace Backstop.SpamRules.Evals;

/// <summary>Links that lead to phishing pages or that hide where they lead.</summary>
internal static class LinkEvals
{
    // A link with fewer slashes, such as https://host/path, is a page that many people use.
    private const int MinSlashes = 4;

    /// <summary>Functions that need an answer of the shortening service. They never hit, because it is never asked.</summary>
    public static IReadOnlyList<string> Unanswered { get; } =
    [
        "short_url_redir", "short_url_200", "short_url_404", "short_url_code", "short_url_chained",
        "short_url_maxchain", "short_url_loop", "short_url_tests",
    ];

    public static void RegisterPhishing(EvalTable table) => table.Add("check_phishing", static (scan, _) => LeadsToPhishing(scan));

    public static void RegisterShort(EvalTable table)
    {
        table.Add("short_url", static (scan, _) =>
            scan.Uris.ByUri.Any(uri => uri.Value.Domains.Count > 0 && scan.Settings.Plugins.ShortUrls.IsShort(uri.Key)));
        foreach (var name in Unanswered)
        {
            table.Add(name, static (_, _) => false);
        }
    }

    public static void RegisterLocal(EvalTable table) => table.Add(
        "check_uri_local_bl",
        static (scan, arguments) => scan.Settings.Plugins.LocalUris.Matches(arguments.Rule, scan.Uris));

    private static bool LeadsToPhishing(MessageScan scan)
    {
        var feeds = scan.Settings.Plugins.Phishing;
        return scan.Uris.ByUri.Where(uri => !uri.Key.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
                && uri.Value.Hosts.Count > 0 && (uri.Value.Types.Contains("a") || uri.Value.Types.Contains("parsed")))
            .SelectMany(uri => uri.Value.Cleaned).Select(feeds.WithoutParameters)
            .Any(uri => (!feeds.IgnoresParameters || uri.Count(c => c == '/') >= MinSlashes) && feeds.Contains(uri));
    }
}
