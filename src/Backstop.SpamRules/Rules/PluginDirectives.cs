namespace Backstop.SpamRules.Rules;

/// <summary>The settings of the optional plugins by their names.</summary>
internal static class PluginDirectives
{
    private static readonly Dictionary<string, PluginDirective> _all =
        new[]
        {
            FromNameSettings.Directives, PhishingFeeds.Directives, ShortUrls.Directives, OfficeSettings.Directives,
            LanguageSettings.Directives, LocalUriRules.Directives,
        }.SelectMany(d => d).ToDictionary(d => d.Key, StringComparer.Ordinal);

    /// <summary>Applies a line of a rule file, or reports it where its plugin is not loaded.</summary>
    /// <returns>False: no plugin has such a setting.</returns>
    public static bool TryApply(RuleSetBuilder builder, string key, string value, SourceLine source)
    {
        if (!_all.TryGetValue(key, out var directive))
        {
            return false;
        }

        if (!builder.Plugins.HasShort(directive.Plugin))
        {
            builder.Report(source, $"'{key}': plugin {directive.Plugin} is not loaded", isError: !directive.WasBuiltIn);
        }
        else if (directive.Apply(builder, source, value) is { } fault)
        {
            builder.Report(source, $"{key}: {fault}", isError: true);
        }

        return true;
    }
}
