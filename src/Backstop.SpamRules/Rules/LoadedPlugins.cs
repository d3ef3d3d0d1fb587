namespace Backstop.SpamRules.Rules;

/// <summary>Which plugins a rule file may ask for (<c>ifplugin</c>), and which features (<c>if can(…)</c>).</summary>
internal sealed class LoadedPlugins
{
    private const string Prefix = "Mail::SpamAssassin::Plugin::";
    private const string Conf = "Mail::SpamAssassin::Conf::";

    /// <summary>What Debian's and SpamAssassin's own .pre files load; where no such file is read, these count.</summary>
    private static readonly string[] _standard =
    [
        "URIDNSBL", "SPF", "Pyzor", "Razor2", "SpamCop", "AutoLearnThreshold", "WelcomeListSubject", "MIMEHeader",
        "ReplaceTags", "DKIM", "Check", "HTTPSMismatch",
        "URIDetail", "Bayes", "BodyEval", "DNSEval", "HTMLEval", "HeaderEval", "MIMEEval", "RelayEval", "URIEval",
        "WLBLEval", "VBounce", "ImageInfo", "FreeMail",
        "AskDNS", "HashBL", "DMARC",
    ];

    private static readonly HashSet<string> _features = new(StringComparer.Ordinal)
    {
        "feature_originating_ip_headers", "feature_dns_local_ports_permit_avoid", "feature_bayes_auto_learn_on_error",
        "feature_uri_host_listed",
        "feature_yesno_takes_args", "feature_bug6558_free", "feature_edns", "feature_dns_query_restriction",
        "feature_registryboundaries", "feature_geodb",
        "feature_dns_block_rule", "feature_compile_regexp", "feature_meta_rules_matching", "feature_subjprefix",
        "feature_bayes_stopwords", "feature_get_host",
        "feature_blocklist_welcomelist", "feature_welcomelist_blocklist", "feature_header_address_parser", "feature_local_tests_only",
        "feature_header_first_last", "feature_header_match_many", "feature_capture_rules", "has_tflags_nosubject",
        "has_tflags_nolog", "perl_min_version_5010000",
    };

    private static readonly HashSet<string> _pluginFeatures = new(StringComparer.Ordinal)
    {
        "BodyEval::has_check_body_length", "BodyEval::has_plaintext_body_sig_ratio", "MIMEEval::has_check_for_ascii_text_illegal",
        "MIMEEval::has_check_abundant_unicode_rati"
            + "o", "MIMEEval::has_check_qp_ratio", "URIDNSBL::has_tflags_domains_only", "URIDNSBL::has_uridnsbl_for_a",
        "URIDetail::has_host_key", "MIMEHeader::has_all_header", "MIMEHeader::has_tflags_range", "MIMEHeader::has_tflags_concat",
        "MIMEHeader::has_tflags_multiple", "MIMEHeader::has_capture_rules", "SPF::has_check_for_spf_errors", "DKIM::has_arc",
        "DecodeShortURLs::has_short_url", "DecodeShortURLs::has_autoclean", "DecodeShortURLs::has_short_url_code",
        "DecodeShortURLs::has_user_agent", "DecodeShortURLs::has_get", "DecodeShortURLs::has_clear", "DecodeShortURLs::has_timeout",
        "DecodeShortURLs::has_max_redirections", "DecodeShortURLs::has_short_url_redir",
        "OLEVBMacro::has_olemacro_redirect_uri", "OLEVBMacro::has_olemacro_mhtml_uri", "OLEVBMacro::has_olertfobject",
    };

    private readonly HashSet<string> _loaded = new(StringComparer.Ordinal);

    private readonly HashSet<string> _compatible = new(StringComparer.Ordinal);

    public bool Any => _loaded.Count > 0;

    /// <summary>
    /// Switches a compatibility name on (<c>enable_compat</c>); rule files ask for it by <c>if
    /// can(Mail::SpamAssassin::Conf::compat_NAME)</c>.
    /// </summary>
    public void EnableCompatibility(string name) => _compatible.Add("compat_" + name);

    /// <summary>Loads a plugin (<c>loadplugin</c>); false if none of it is built in, so that its rules are not active.</summary>
    public bool Load(string name)
    {
        _loaded.Add(Canonical(name));
        return name.StartsWith(Prefix, StringComparison.Ordinal);
    }

    public void LoadStandard() => _loaded.UnionWith(_standard.Select(n => Prefix + n));

    public bool Has(string name) => name == Prefix + "RaciallyCharged" || _loaded.Contains(Canonical(name));

    /// <summary>Whether a plugin of SpamAssassin is loaded, named without its package.</summary>
    public bool HasShort(string name) => Has(Prefix + name);

    public bool Can(string method)
    {
        if (method.StartsWith(Conf, StringComparison.Ordinal))
        {
            return _features.Contains(method[Conf.Length..]) || _compatible.Contains(method[Conf.Length..]);
        }

        var end = method.LastIndexOf("::", StringComparison.Ordinal);
        return method.StartsWith(Prefix, StringComparison.Ordinal) && end > Prefix.Length && Has(method[..end])
            && _pluginFeatures.Contains(method[Prefix.Length..]);
    }

    private static string Canonical(string name) => name switch
    {
        Prefix + "Dmarc" => Prefix + "DMARC",
        Prefix + "WhiteListSubject" => Prefix + "WelcomeListSubject",
        _ => name,
    };
}
