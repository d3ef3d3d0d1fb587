using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Rules;

/// <summary>A header field that a filter adds: name without <c>X-Spam-</c>, and its template.</summary>
internal readonly record struct AddedHeader(string Name, string Template)
{
    /// <summary>The field that every scanned message gets; a marked message is recognised by it.</summary>
    public static AddedHeader Version { get; } = new("Checker-Version", "SpamAssassin _VERSION_ (_SUBVERSION_) on _HOSTNAME_");
}

/// <summary>A sender that counts only when a relay of that domain delivers it.</summary>
internal sealed record SenderWithRelay(string Address, string Relay);

/// <summary>Everything the rule files set that is no rule. Names follow SpamAssassin's Mail::SpamAssassin::Conf.</summary>
internal sealed class SpamSettings
{
    public double RequiredScore { get; set; } = 5;

    public TrustedNetworks Networks { get; } = new();

    public PluginSettings Plugins { get; } = new();

    public RegistryBoundaries Boundaries { get; } = new();

    public Dictionary<string, AddressList> AddressLists { get; } = new(StringComparer.Ordinal);

    /// <summary>List name to host to listed (false: excepted).</summary>
    public Dictionary<string, Dictionary<string, bool>> UriHostLists { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, List<SenderWithRelay>> SendersWithRelay { get; } = new(StringComparer.Ordinal);

    public HashSet<string> FreemailDomains { get; } = new(StringComparer.Ordinal);

    public List<string> FreemailWildcards { get; } = [];

    public HashSet<string> FreemailWelcome { get; } = new(StringComparer.Ordinal);

    public List<string> RedirectorPatterns { get; } = [];

    public string? EnvelopeSenderHeader { get; set; }

    public int BodyPartScanSize { get; set; } = 50_000;

    public int RawBodyPartScanSize { get; set; } = 500_000;

    public bool ParseDkimUris { get; set; } = true;

    public string OkLocales { get; set; } = "all";

    public int ReportSafe { get; set; } = 1;

    public List<string> ReportTemplate { get; } = [];

    public List<string> UnsafeReportTemplate { get; } = [];

    public string ReportContact { get; set; } = "the administrator of that system";

    public string ReportHostname { get; set; } = "";

    public string ReportCharset { get; set; } = "UTF-8";

    public int ReportWrapWidth { get; set; } = 75;

    public bool FoldHeaders { get; set; } = true;

    public List<AddedHeader> HamHeaders { get; } = [AddedHeader.Version];

    public List<AddedHeader> SpamHeaders { get; } = [AddedHeader.Version];

    /// <summary>Subject, From or To to the tag in front of it or behind.</summary>
    public Dictionary<string, string> RewriteHeader { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> SubjectPrefix { get; } = new(StringComparer.Ordinal);

    public List<string> ReportSafeCopyHeaders { get; } = [];

    public bool UseBayes { get; set; } = true;

    public bool UseBayesRules { get; set; } = true;

    public bool BayesAutoLearn { get; set; } = true;

    public double AutoLearnHam { get; set; } = 0.1;

    public double AutoLearnSpam { get; set; } = 12;

    public bool AutoLearnOnError { get; set; }

    public int BayesMinHam { get; set; } = 200;

    public int BayesMinSpam { get; set; } = 200;

    public HashSet<string> BayesIgnoreHeaders { get; } = new(StringComparer.OrdinalIgnoreCase);

    public int FreemailMaxBodyEmails { get; set; } = 5;

    public int FreemailMaxBodyFreemails { get; set; } = 3;

    /// <summary>Whether a text with more addresses than the two limits is taken as if it had none.</summary>
    public bool FreemailSkipsCrowds { get; set; } = true;

    /// <summary>Whether bulk mail is not searched for free mail addresses, because nobody answers its sender.</summary>
    public bool FreemailSkipsBulk { get; set; } = true;

    /// <summary>Lists of authenticated senders whose addresses are not counted as free.</summary>
    public HashSet<string> FreemailImports { get; } = new(StringComparer.Ordinal);

    public AddressList List(string name)
    {
        if (!AddressLists.TryGetValue(name, out var list))
        {
            AddressLists[name] = list = new AddressList();
        }

        return list;
    }
}
