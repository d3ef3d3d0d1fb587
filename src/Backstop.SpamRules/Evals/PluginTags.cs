using Backstop.SpamRules.Messages;

namespace Backstop.SpamRules.Evals;

/// <summary>Tags of report templates that optional plugins fill.</summary>
internal static class PluginTags
{
    /// <summary>The text of a tag, or null where no loaded plugin fills it.</summary>
    public static string? Find(MessageScan scan, string name)
    {
        var loaded = scan.Settings.Plugins.Loaded;
        if (name is "LANGUAGES" or "TEXTCATRESULTS" && loaded.HasShort("TextCat"))
        {
            return name == "LANGUAGES" ? string.Join(' ', LanguageFacts.Of(scan).Found) : LanguageFacts.Of(scan).Results;
        }

        return name.StartsWith("FNS", StringComparison.Ordinal) && loaded.HasShort("FromNameSpoof")
            ? FromNameFacts.Of(scan).Tags.GetValueOrDefault(name)
            : name.StartsWith("PDF", StringComparison.Ordinal) && loaded.HasShort("PDFInfo")
                ? scan.Pdf.Tags.GetValueOrDefault(name)
                : null;
    }
}
