using System.Globalization;

namespace Backstop.SpamRules.Rules;

/// <summary>Addresses of phishing pages from files that the site downloads (Plugin/Phishing.pm). Read once, with the rules.</summary>
internal sealed class PhishingFeeds
{
    private const string Plugin = "Phishing";

    private readonly HashSet<string> _uris = new(StringComparer.Ordinal);
    private readonly List<(string Path, SourceLine Source, Func<PhishingFeeds, string, string?> Uri, bool HasTitle)> _files = [];
    private double _minScore = 6;

    public static IReadOnlyList<PluginDirective> Directives { get; } =
    [
        Feed("phishing_openphish_feed", static (_, line) => line, hasTitle: false),
        Feed("phishing_phishtank_feed", static (_, line) => Column(line.Split(','), 1), hasTitle: true),
        Feed("phishing_phishstats_feed", static (feeds, line) => feeds.ScoredUri(line.Split(',')), hasTitle: true),
        PluginDirective.Number(Plugin, "phishing_phishstats_minscore", static (s, n) => s.Phishing._minScore = n),
        PluginDirective.Flag(Plugin, "phishing_uri_noparam", static (s, flag) => s.Phishing.IgnoresParameters = flag),
    ];

    /// <summary>Whether the query of an address (behind its question mark) is ignored, in feeds and in mail.</summary>
    public bool IgnoresParameters { get; private set; }

    public bool Contains(string uri) => _uris.Contains(uri);

    public string WithoutParameters(string uri) =>
        IgnoresParameters && uri.IndexOf('?', StringComparison.Ordinal) is var at and >= 0 ? uri[..at] : uri;

    /// <summary>Reads the files that the rules name; those that are missing are reported and left out.</summary>
    public void Load(RuleSetBuilder builder)
    {
        // Of each kind the last line counts.
        foreach (var (path, source, select, hasTitle) in _files.GroupBy(f => f.Uri).Select(g => g.Last()))
        {
            if (PluginFile.ReadLines(path, out var fault) is not { } lines)
            {
                builder.Report(source, fault!, isError: false);
                continue;
            }

            foreach (var line in lines.Skip(hasTitle ? 1 : 0).Where(l => !l.TrimStart(' ', '\t').StartsWith('#')))
            {
                if (select(this, line) is { } uri && builder.Settings.Boundaries.OfUri(uri) is not null)
                {
                    _uris.Add(WithoutParameters(uri));
                }
            }
        }

        _files.Clear();
    }

    private static PluginDirective Feed(string key, Func<PhishingFeeds, string, string?> uri, bool hasTitle) =>
        new(Plugin, key, (builder, source, path) =>
        {
            if (path.Length == 0)
            {
                return "a path is missing";
            }

            builder.Settings.Plugins.Phishing._files.Add((path, source, uri, hasTitle));
            return null;
        });

    private string? ScoredUri(string[] columns) =>
        double.TryParse(Column(columns, 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var score) && score > _minScore
            ? Column(columns, 2)
            : null;

    private static string? Column(string[] columns, int index) =>
        index < columns.Length ? columns[index].Replace("\"", "", StringComparison.Ordinal) : null;
}
