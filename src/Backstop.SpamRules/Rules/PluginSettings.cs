namespace Backstop.SpamRules.Rules;

/// <summary>Which plugins the rule files load, and what they set for those that no site has by default.</summary>
internal sealed class PluginSettings
{
    public LoadedPlugins Loaded { get; } = new();

    public FromNameSettings FromName { get; } = new();
}
