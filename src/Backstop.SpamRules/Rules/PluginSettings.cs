namespace Backstop.SpamRules.Rules;

/// <summary>Which plugins the rule files load, and what they set for those that no site has by default.</summary>
internal sealed class PluginSettings
{
    public LoadedPlugins Loaded { get; } = new();

    public FromNameSettings FromName { get; private set; } = new();

    public PhishingFeeds Phishing { get; } = new();

    public ShortUrls ShortUrls { get; private set; } = new();

    public OfficeSettings Office { get; private set; } = new();

    public LanguageSettings Languages { get; private set; } = new();

    public LocalUriRules LocalUris { get; } = new();

    /// <summary>What a user may change is copied; the rest is for the administrator, and shared.</summary>
    public PluginSettings Copy()
    {
        var copy = (PluginSettings)MemberwiseClone();
        (copy.FromName, copy.ShortUrls, copy.Office, copy.Languages) = (
            FromName.Copy(), ShortUrls.Copy(), Office.Copy(), Languages.Copy());
        return copy;
    }

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
