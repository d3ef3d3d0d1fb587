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
internal sealed record SenderWithRelay(AddressGlob Address, string Relay);

/// <summary>All settings of the rule files. Names follow SpamAssassin's Mail::SpamAssassin::Conf.</summary>
internal sealed class SpamSettings
{
    /// <summary>Large collections of the settings that these are a copy of: copied once more when they are changed.</summary>
    private HashSet<object> _shared = new(ReferenceEqualityComparer.Instance);

    public double RequiredScore { get; set; } = 5;

    public TrustedNetworks Networks { get; private set; } = new();

    public PluginSettings Plugins { get; private set; } = new();

    public RegistryBoundaries Boundaries { get; } = new();

    public Dictionary<string, AddressList> AddressLists { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>By list name and host: true for a listed host, false for one that is excepted.</summary>
    public Dictionary<string, Dictionary<string, bool>> UriHostLists { get; private set; } = new(StringComparer.Ordinal);

    public Dictionary<string, List<SenderWithRelay>> SendersWithRelay { get; private set; } = new(StringComparer.Ordinal);

    public HashSet<string> FreemailDomains { get; private set; } = new(StringComparer.Ordinal);

    public List<string> FreemailWildcards { get; private set; } = [];

    public HashSet<string> FreemailWelcome { get; private set; } = new(StringComparer.Ordinal);

    public List<string> RedirectorPatterns { get; } = [];

    public string? EnvelopeSenderHeader { get; set; }

    public int BodyPartScanSize { get; set; } = 50_000;

    public int RawBodyPartScanSize { get; set; } = 500_000;

    public bool ParseDkimUris { get; set; } = true;

    public string OkLocales { get; set; } = "all";

    public int ReportSafe { get; set; } = 1;

    public List<string> ReportTemplate { get; private set; } = [];

    public List<string> UnsafeReportTemplate { get; private set; } = [];

    public string ReportContact { get; set; } = "the administrator of that system";

    public string ReportHostname { get; set; } = "";

    public string ReportCharset { get; set; } = "UTF-8";

    public int ReportWrapWidth { get; set; } = 75;

    public bool FoldHeaders { get; set; } = true;

    public List<AddedHeader> HamHeaders { get; private set; } = [AddedHeader.Version];

    public List<AddedHeader> SpamHeaders { get; private set; } = [AddedHeader.Version];

    /// <summary>The tag that a rewritten field gets; the key is Subject, From or To.</summary>
    public Dictionary<string, string> RewriteHeader { get; private set; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> SubjectPrefix { get; private set; } = new(StringComparer.Ordinal);

    public List<string> ReportSafeCopyHeaders { get; private set; } = [];

    public bool UseBayes { get; set; } = true;

    public bool UseBayesRules { get; set; } = true;

    public bool BayesAutoLearn { get; set; } = true;

    public double AutoLearnHam { get; set; } = 0.1;

    public double AutoLearnSpam { get; set; } = 12;

    public bool AutoLearnOnError { get; set; }

    public int BayesMinHam { get; set; } = 200;

    public int BayesMinSpam { get; set; } = 200;

    public HashSet<string> BayesIgnoreHeaders { get; private set; } = new(StringComparer.OrdinalIgnoreCase);

    public int FreemailMaxBodyEmails { get; set; } = 5;

    public int FreemailMaxBodyFreemails { get; set; } = 3;

    /// <summary>Whether a text with more addresses than the two limits is taken as if it had none.</summary>
    public bool FreemailSkipsCrowds { get; set; } = true;

    /// <summary>Whether bulk mail is not searched for free mail addresses, because nobody answers its sender.</summary>
    public bool FreemailSkipsBulk { get; set; } = true;

    /// <summary>Lists of authenticated senders whose addresses are not counted as free.</summary>
    public HashSet<string> FreemailImports { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>Whether users may write rules (<c>allow_user_rules</c>).</summary>
    public bool AllowUserRules { get; set; }

    /// <summary>
    /// The same settings, to be changed by a user's file. What no user may change (top-level domains, redirectors) stays shared, and so
    /// do large lists until they are changed.
    /// </summary>
    public SpamSettings Copy()
    {
        var copy = (SpamSettings)MemberwiseClone();
        copy._shared = new(
            [.. AddressLists.Values, .. UriHostLists.Values, .. SendersWithRelay.Values, FreemailDomains],
            ReferenceEqualityComparer.Instance);
        (copy.Networks, copy.Plugins) = (Networks.Copy(), Plugins.Copy());
        copy.AddressLists = new(AddressLists, StringComparer.Ordinal);
        copy.UriHostLists = new(UriHostLists, StringComparer.Ordinal);
        copy.SendersWithRelay = new(SendersWithRelay, StringComparer.Ordinal);
        copy.FreemailWildcards = [.. FreemailWildcards];
        copy.FreemailWelcome = new(FreemailWelcome, StringComparer.Ordinal);
        copy.FreemailImports = new(FreemailImports, StringComparer.Ordinal);
        (copy.ReportTemplate, copy.UnsafeReportTemplate) = ([.. ReportTemplate], [.. UnsafeReportTemplate]);
        (copy.HamHeaders, copy.SpamHeaders) = ([.. HamHeaders], [.. SpamHeaders]);
        copy.ReportSafeCopyHeaders = [.. ReportSafeCopyHeaders];
        copy.RewriteHeader = new(RewriteHeader, StringComparer.Ordinal);
        copy.SubjectPrefix = new(SubjectPrefix, StringComparer.Ordinal);
        copy.BayesIgnoreHeaders = new(BayesIgnoreHeaders, StringComparer.OrdinalIgnoreCase);
        return copy;
    }

    /// <summary>A list of addresses, to be changed.</summary>
    public AddressList List(string name) => Changeable(AddressLists, name, static list => list?.Copy() ?? new());

    /// <summary>A list of senders with their relays, to be changed.</summary>
    public List<SenderWithRelay> Senders(string name) => Changeable(SendersWithRelay, name, static list => [.. list ?? []]);

    /// <summary>A list of hosts, to be changed.</summary>
    public Dictionary<string, bool> UriHosts(string name) => Changeable(
        UriHostLists, name, static hosts => hosts is null ? new(StringComparer.Ordinal) : new(hosts, StringComparer.Ordinal));

    public void AddFreemail(string domain)
    {
        FreemailDomains = _shared.Contains(FreemailDomains) ? new(FreemailDomains, StringComparer.Ordinal) : FreemailDomains;
        FreemailDomains.Add(domain);
    }

    private T Changeable<T>(Dictionary<string, T> lists, string name, Func<T?, T> copy)
        where T : class
    {
        if (!lists.TryGetValue(name, out var list) || _shared.Contains(list))
        {
            lists[name] = list = copy(list);
        }

        return list;
    }
}
