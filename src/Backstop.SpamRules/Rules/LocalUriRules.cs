using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Rules;

/// <summary>
/// Rules about the networks that links lead to (Plugin/URILocalBL.pm). Only links to a literal address are looked at: names are not
/// resolved, and there is no database of countries and providers.
/// </summary>
internal sealed class LocalUriRules
{
    private const string Plugin = "URILocalBL";

    private static readonly PerlRegex _line = new("^([_a-zA-Z][_a-zA-Z0-9]{0,127})\\s+(.+?)\\s*$");
    private static readonly PerlRegex _place = new("^!?[A-Z][A-Z0-9]$");
    private static readonly PerlRegex _prefix = new("^/\\d{1,3}$");

    private readonly Dictionary<string, (NetworkSet Networks, HashSet<string> Excluded)> _rules = new(StringComparer.Ordinal);
    private bool _isDatabaseReported;

    public static IReadOnlyList<PluginDirective> Directives { get; } =
    [
        Rule("uri_block_cidr", static (rules, builder, source, name, words) =>
        {
            var wrong = Array.Find(words, word => !IsNetwork(word) || !rules.Of(name).Networks.TryAdd(word));
            return wrong is null ? null : $"'{wrong}' is not a network";
        }),
        Rule("uri_block_exclude", static (rules, _, _, name, words) =>
        {
            rules.Of(name).Excluded.UnionWith(words.Select(w => w.ToLowerInvariant()));
            return null;
        }),
        Rule("uri_block_cc", Place),
        Rule("uri_block_cont", Place),
        Rule("uri_block_isp", static (rules, builder, source, _, _) => rules.ReportDatabase(builder, source)),
    ];

    /// <summary>Whether a link of the message leads to an address in the networks of the rule.</summary>
    public bool Matches(string rule, UriDetails uris)
    {
        if (!_rules.TryGetValue(rule, out var found))
        {
            return false;
        }

        var (networks, excluded) = found;
        foreach (var detail in uris.ByUri.Values.Where(d => d.Types.Contains("a") || d.Types.Contains("parsed")))
        {
            foreach (var (host, domain) in detail.Hosts)
            {
                if (!excluded.Contains(domain) && !excluded.Contains(host) && IpPatterns.IsAddress(host) && networks.Contains(host))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static PluginDirective Rule(
        string key, Func<LocalUriRules, RuleSetBuilder, SourceLine, string, string[], string?> apply) =>
        new(Plugin, key, (builder, source, value) =>
        {
            if (_line.Match(value) is not { Success: true } match)
            {
                return "write the name of a rule and what it is about";
            }

            var name = match.Groups[1].Value;
            var words = match.Groups[2].Value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (apply(builder.Settings.Plugins.LocalUris, builder, source, name, words) is { } fault)
            {
                return fault;
            }

            builder.Rules[name] = new RuleDefinition(name, RuleKind.Eval, "check_uri_local_bl()", source)
            {
                Function = "check_uri_local_bl",
                Area = EvalArea.Body,
            };
            return null;
        });

    private static string? Place(LocalUriRules rules, RuleSetBuilder builder, SourceLine source, string name, string[] words)
    {
        var wrong = Array.Find(words, w => !_place.IsMatch(w.ToUpperInvariant()));
        return wrong is not null ? $"'{wrong}' is not a code of two letters"
            : words.Select(w => w.StartsWith('!')).Distinct().Count() > 1 ? "either all codes have a ! or none has"
            : rules.ReportDatabase(builder, source);
    }

    private static bool IsNetwork(string word) => word.IndexOf('/', StringComparison.Ordinal) is var at && at < 0
        ? IpPatterns.IsAddress(word)
        : IpPatterns.IsAddress(word[..at]) && _prefix.IsMatch(word[at..]);

    private string? ReportDatabase(RuleSetBuilder builder, SourceLine source)
    {
        if (!_isDatabaseReported)
        {
            _isDatabaseReported = true;
            builder.Report(source, "countries, continents and providers of links need a database, which is not read here", isError: false);
        }

        return null;
    }

    private (NetworkSet Networks, HashSet<string> Excluded) Of(string rule)
    {
        if (!_rules.TryGetValue(rule, out var found))
        {
            _rules[rule] = found = (new NetworkSet(), new HashSet<string>(StringComparer.Ordinal));
        }

        return found;
    }
}
