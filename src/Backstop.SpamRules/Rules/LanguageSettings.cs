namespace Backstop.SpamRules.Rules;

/// <summary>Settings of the TextCat plugin, which tells the language of a text.</summary>
internal sealed class LanguageSettings
{
    private const string Plugin = "TextCat";
    private const string FileName = "languages";

    public string[] Ok { get; private set; } = ["all"];

    /// <summary>Languages that are not compared, because few people write them.</summary>
    public string[] Inactive { get; private set; } =
        ["bs", "cy", "eo", "et", "eu", "fy", "ga", "gd", "is", "la", "lt", "lv", "rm", "sa", "sco", "sl", "yi"];

    public double MaxLanguages { get; private set; } = 3;

    public double OptimalSequences { get; private set; }

    public double MaxSequences { get; private set; } = 400;

    /// <summary>How many times as far from the text as the nearest language another one may be and still count.</summary>
    public double AcceptableScore { get; private set; } = 1.02;

    public LanguageModels Models { get; } = new();

    public static IReadOnlyList<PluginDirective> Directives { get; } =
    [
        PluginDirective.Words(Plugin, "ok_languages", static (s, words) => s.Languages.Ok = words) with { WasBuiltIn = true },
        PluginDirective.Words(Plugin, "inactive_languages", static (s, words) => s.Languages.Inactive = words) with { WasBuiltIn = true },
        PluginDirective.Number(Plugin, "textcat_max_languages", static (s, n) => s.Languages.MaxLanguages = n),
        PluginDirective.Number(Plugin, "textcat_optimal_ngrams", static (s, n) => s.Languages.OptimalSequences = n)
           ,
        PluginDirective.Number(Plugin, "textcat_max_ngrams", static (s, n) => s.Languages.MaxSequences = n),
        PluginDirective.Number(Plugin, "textcat_acceptable_score", static (s, n) => s.Languages.AcceptableScore = n)
           ,
    ];

    /// <summary>The same models, which only the site reads, and settings that may be changed.</summary>
    public LanguageSettings Copy() => (LanguageSettings)MemberwiseClone();

    /// <summary>Reads the models from the first of the folders that has them.</summary>
    public void Load(RuleSetBuilder builder, IEnumerable<string> folders)
    {
        string? fault = null;
        foreach (var folder in folders)
        {
            if (PluginFile.ReadLines(Path.Combine(folder, FileName), out fault) is { } lines)
            {
                Models.Load(lines);
                fault = Models.IsEmpty ? "the file holds no models" : null;
                break;
            }
        }

        if (fault is not null)
        {
            builder.Report(new SourceLine(FileName, 0), $"plugin {Plugin} cannot tell languages: {fault}", isError: false);
        }
    }
}
