using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>
/// Services that shorten links (Plugin/DecodeShortURLs.pm). Nobody is asked where a link leads: as with network tests off, only
/// <c>short_url</c> can hit.
/// </summary>
internal sealed class ShortUrls
{
    private const string Plugin = "DecodeShortURLs";

    private static readonly PerlRegex _link = new("^https?://(?:[^@/?#]*@)?([^/?#:]+)(?::\\d+)?(.*?\\w)?", RegexOptions.IgnoreCase);

    private HashSet<string> _domains = new(StringComparer.Ordinal);

    public static IReadOnlyList<PluginDirective> Directives { get; } =
    [
        Shorteners("url_shortener"),
        Shorteners("url_shortener_get"),
        new(Plugin, "clear_url_shortener", static (builder, _, value) =>
        {
            var domains = builder.Settings.Plugins.ShortUrls._domains;
            if (value.Length == 0)
            {
                domains.Clear();
            }

            domains.ExceptWith(Words(value));
            return null;
        }),
        .. new[]
        {
            "max_short_urls", "max_short_url_redirections", "url_shortener_timeout", "url_shortener_cache_ttl",
            "url_shortener_cache_autoclean",
        }.Select(static key => PluginDirective.Number(Plugin, key, static (_, _) => { })),
        .. new[] { "type", "dsn", "username", "password" }
            .Select(static key => PluginDirective.Unused(Plugin, "url_shortener_cache_" + key)),
        PluginDirective.Unused(Plugin, "url_shortener_user_agent"),
        PluginDirective.Flag(Plugin, "url_shortener_loginfo", static (_, _) => { }),
    ];

    public ShortUrls Copy() => new() { _domains = new(_domains, StringComparer.Ordinal) };

    /// <summary>Whether the link leads to a shortener, or to a host below one that is listed with a full stop in front.</summary>
    public bool IsShort(string uri)
    {
        var end = uri.AsSpan().IndexOfAny("#?");
        if (_domains.Count == 0 || _link.Match(end < 0 ? uri : uri[..end]) is not { Success: true } match)
        {
            return false;
        }

        var host = match.Groups[1].Value.ToLowerInvariant();
        var labels = host.Split('.');
        if (labels.Length == 2 && !match.Groups[2].Success)
        {
            return false;
        }

        return _domains.Contains(host) || (labels.Length == 3 && Array.TrueForAll(labels, l => l.Length > 0)
            && (labels[0] == "www" ? _domains.Contains($"{labels[1]}.{labels[2]}")
                : !host.StartsWith("www", StringComparison.Ordinal) && _domains.Contains($".{labels[1]}.{labels[2]}")));
    }

    private static PluginDirective Shorteners(string key) => PluginDirective.Of(Plugin, key, static (settings, value) =>
    {
        settings.ShortUrls._domains.UnionWith(Words(value));
        return null;
    });

    private static string[] Words(string value) => value.ToLowerInvariant().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
