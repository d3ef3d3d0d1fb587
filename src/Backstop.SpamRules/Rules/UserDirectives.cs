namespace Backstop.SpamRules.Rules;

/// <summary>
/// Which lines a user's own file may hold (<c>is_priv</c> and <c>is_admin</c> in SpamAssassin 4.0.1's Conf.pm and plugins).
/// </summary>
internal static class UserDirectives
{
    /// <summary>Lines about rules, which a user may write where the site says <c>allow_user_rules 1</c>.</summary>
    private static readonly HashSet<string> _rules = new(StringComparer.Ordinal)
    {
        "allow_user_rules", "header", "body", "uri", "rawbody", "full", "meta", "mimeheader", "uri_detail", "reuse", "tflags", "priority",
        "replace_tag", "replace_pre", "replace_inter", "replace_post", "replace_rules", "replace_start", "replace_end",
        "asn_lookup", "asn_lookup_ipv6", "askdns", "rbl_headers", "uridnsbl", "uridnssub", "urirhsbl", "urirhssub", "urinsrhsbl",
        "urinsrhssub", "urifullnsrhsbl", "urifullnsrhssub",
    };

    /// <summary>
    /// Lines of the site alone. Beyond SpamAssassin's: <c>include</c>, which would read any file that the server may read;
    /// patterns of redirectors and networks of links, which are compiled once for all users.
    /// </summary>
    private static readonly HashSet<string> _site = new(StringComparer.Ordinal)
    {
        "include", "redirector_pattern", "uri_block_cc", "uri_block_cont", "uri_block_isp", "uri_block_cidr", "uri_block_exclude",
        "dns_local_ports_permit", "dns_local_ports_avoid", "dns_local_ports_none", "dns_block_rule", "dns_block_time",
        "version_tag", "test", "body_part_scan_size", "rawbody_part_scan_size", "rbl_timeout", "util_rb_tld", "util_rb_2tld",
        "util_rb_3tld", "clear_util_rb", "loadplugin", "tryplugin", "enable_compat",
        "bayes_path", "bayes_file_mode", "bayes_store_module", "bayes_sql_dsn", "bayes_sql_username", "bayes_sql_password",
        "bayes_sql_username_authorized", "user_scores_dsn", "user_scores_sql_username", "user_scores_sql_password",
        "user_scores_sql_custom_query", "user_scores_ldap_username", "user_scores_ldap_password", "user_scores_fallback_to_global",
        "geodb_module", "country_db_type", "geodb_options", "geodb_search_path", "country_db_path", "uri_country_db_path",
        "uri_country_db_isp_path", "asn_use_geodb", "asn_prefer_geodb", "asn_use_dns", "authres_networks", "authres_trusted_authserv",
        "authres_ignored_authserv", "dcc_timeout", "dcc_home", "dcc_dccifd_path", "dcc_path", "dcc_options", "dccifd_options",
        "dcc_learn_score", "dkim_timeout", "dmarc_save_reports", "max_short_urls", "max_short_url_redirections",
        "extracttext_maxparts", "extracttext_timeout", "trigger_target", "trigger_config", "trigger_ratio", "phishing_openphish_feed",
        "phishing_phishtank_feed", "phishing_uri_noparam", "phishing_phishstats_feed", "phishing_phishstats_minscore", "pyzor_fork",
        "pyzor_perl", "pyzor_timeout", "pyzor_options", "pyzor_path", "pyzor_server_file", "razor_fork", "razor_timeout",
        "razor_config", "spf_timeout", "ignore_received_spf_header", "use_newest_received_spf_header", "do_not_use_mail_spf",
        "do_not_use_mail_spf_query", "uridnsbl_skip_mailto", "uridnsbl_max_domains",
    };

    private static readonly string[] _siteBeginnings =
    [
        "auto_welcomelist_", "auto_whitelist_", "user_awl_", "url_shortener_cache_", "url_shortener_loginfo", "url_shortener_timeout",
        "url_shortener_user_agent",
    ];

    /// <summary>Why a line of a user's file does not count; null where it does.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="allowsRules">The site lets users write rules.</param>
    public static string? WhyRefused(string key, bool allowsRules)
    {
        if (_site.Contains(key) || Array.Exists(_siteBeginnings, b => key.StartsWith(b, StringComparison.Ordinal)))
        {
            return $"'{key}' is a setting for the administrator; put it into the site's rule files";
        }

        return _rules.Contains(key) && !allowsRules
            ? $"'{key}' is not allowed in a user's file; the site's rule files would have to say allow_user_rules 1"
            : null;
    }
}
