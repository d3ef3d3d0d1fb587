namespace Backstop.SpamRules.Rules;

/// <summary>Which plugins the rule files load, and what they set for those that no site has by default.</summary>
internal sealed class PluginSettings
{
    public LoadedPlugins Loaded { get; } = new();

    public FromNameSettings FromName { get; } = new();

    public PhishingFeeds Phishing { get; } = new();

    public ShortUrls ShortUrls { get; } = new();

    public OfficeSettings Office { get; } = new();

    public LanguageSettings Languages { get; } = new();

    public LocalUriRules LocalUris { get; } = new();

    /// <summary>Reads the files that the settings name. Called once, when all rules are read.</summary>
    /// <param name="builder">Told of what cannot be read.</param>
    /// <param name="folders">Where the rules came from.</param>
    public void Load(RuleSetBuilder builder, IEnumerable<string> folders)
    {
        Phishing.Load(builder);
        if (Loaded.HasShort("TextCat"))
        {
            Languages.Load(builder, folders);
        }
    }
}
