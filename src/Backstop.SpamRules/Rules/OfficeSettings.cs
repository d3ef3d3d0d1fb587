using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>Settings of the OLEVBMacro plugin: which attachments are looked into, and how far.</summary>
internal sealed class OfficeSettings
{
    private const long StepsPerName = 100_000;

    private const string Plugin = "OLEVBMacro";

    private CompiledPattern _documents = Compile("(?:doc|docx|dot|pot|ppa|pps|ppt|rtf|sldm|xl|xla|xls|xlsx|xlt|xltx|xslb)$");
    private CompiledPattern _macroDocuments = Compile("(?:docm|dotm|ppam|potm|ppst|ppsm|pptm|sldm|xlm|xlam|xlsb|xlsm|xltm|xps)$");
    private CompiledPattern _skippedNames = Compile("(?:dotx|potx|ppsx|pptx|sldx)$");
    private CompiledPattern _skippedTypes = Compile("^(?:text\\/)");
    private CompiledPattern _archives = Compile("(?:zip)$");
    private CompiledPattern _downloads = Compile("(?:cmd(?:\\.exe)? \\/c ms\\^h\\^ta ht\\^tps?:\\/\\^\\/)");

    public double MaxParts { get; private set; } = 5;

    /// <summary>How many members of an archive are looked at; 0: no archive is opened for them.</summary>
    public double MaxMembers { get; private set; } = 8;

    public double MaxDepth { get; private set; } = 2;

    /// <summary>Octets of an attachment that are looked at.</summary>
    public double MaxOctets { get; private set; } = 1_024_000;

    /// <summary>Whether files of any name are looked at, other than those that are skipped.</summary>
    public bool IsExtended { get; private set; }

    /// <summary>Whether Content-Disposition decides where two fields name the file.</summary>
    public bool PrefersDisposition { get; private set; } = true;

    public static IReadOnlyList<PluginDirective> Directives { get; } =
    [
        PluginDirective.Number(Plugin, "olemacro_num_mime", static (s, n) => s.Office.MaxParts = n),
        PluginDirective.Number(Plugin, "olemacro_num_zip", static (s, n) => s.Office.MaxMembers = n),
        PluginDirective.Number(Plugin, "olemacro_zip_depth", static (s, n) => s.Office.MaxDepth = n),
        PluginDirective.Number(Plugin, "olemacro_max_file", static (s, n) => s.Office.MaxOctets = n),
        PluginDirective.Flag(Plugin, "olemacro_extended_scan", static (s, flag) => s.Office.IsExtended = flag),
        PluginDirective.Flag(Plugin, "olemacro_prefer_contentdisposition", static (s, flag) => s.Office.PrefersDisposition = flag),
        Pattern("olemacro_exts", static (s, pattern) => s._documents = pattern),
        Pattern("olemacro_macro_exts", static (s, pattern) => s._macroDocuments = pattern),
        Pattern("olemacro_skip_exts", static (s, pattern) => s._skippedNames = pattern),
        Pattern("olemacro_skip_ctypes", static (s, pattern) => s._skippedTypes = pattern),
        Pattern("olemacro_zips", static (s, pattern) => s._archives = pattern),
        Pattern("olemacro_download_marker", static (s, pattern) => s._downloads = pattern),
    ];

    public OfficeSettings Copy() => (OfficeSettings)MemberwiseClone();

    public bool IsDocument(string name) => Matches(_documents, name);

    public bool IsMacroDocument(string name) => Matches(_macroDocuments, name);

    public bool IsArchive(string name) => Matches(_archives, name);

    public bool IsSkipped(string name) => Matches(_skippedNames, name);

    public bool IsSkippedType(string type) => Matches(_skippedTypes, type);

    public bool HasDownload(string data) => Matches(_downloads, data);

    // A site's own pattern may need backtracking: where its steps are spent, it does not match.
    private static bool Matches(CompiledPattern pattern, string text)
    {
        try
        {
            return pattern.IsMatch(text, new MatchSteps(StepsPerName));
        }
        catch (StepsSpentException)
        {
            return false;
        }
    }

    // SpamAssassin 4.0.1: names are matched with their case, though its manual says otherwise; a.DOCM does not count as a macro document.
    private static CompiledPattern Compile(string pattern) => CompiledPattern.Compile(pattern);

    private static PluginDirective Pattern(string key, Action<OfficeSettings, CompiledPattern> set) =>
        PluginDirective.Of(Plugin, key, (settings, value) =>
        {
            try
            {
                set(settings.Office, Compile(value));
                return null;
            }
            catch (PatternException error)
            {
                return error.Message;
            }
        });
}
