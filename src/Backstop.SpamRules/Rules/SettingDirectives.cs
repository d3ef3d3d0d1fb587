using System.Globalization;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Rules;

/// <summary>The lines of rule files that are settings and not rules, by their names and their older names.</summary>
internal sealed partial class SettingDirectives
{
    private static readonly PerlRegex _added = new("^(ham|spam|all)\\s+([A-Za-z0-9_-]+)(?:\\s+(.*?))?\\s*$");

    /// <summary>Settings of SpamAssassin that change nothing here: how it resolves names, stores, locks and learns.</summary>
    private static readonly string[] _ignored =
    [
        "dns_", "bayes_", "lock_method", "rbl_timeout", "uridnsbl", "urirh", "urin", "uridnss", "urifull", "skip_uribl",
        "adsp_override", "askdns", "asn_", "razor_", "pyzor_",
        "dcc_", "use_razor2", "use_pyzor", "use_dcc", "test", "time_limit", "geodb_", "country_db", "normalize_charset",
        "version_tag", "user_scores_", "clear_dns", "mbox_format", "auto_welcomelist",
        "auto_whitelist", "use_auto_w", "txrep",
        "dkim_", "spf_", "use_learner", "always_trust", "skip_rbl", "hashbl", "shortcircuit", "dmarc_", "util_rb_cctld",
        "uri_country", "authres_",
        "extracttext", "ignore_always", "whitelist_subject", "welcomelist_subject_", "arc_",
        "clear_uridnsbl", "do_not_use_mail_spf", "ignore_received_spf", "use_newest_received_spf", "rbl_headers", "spamcop_",
        "freemail_add_describe_email",
    ];

    private readonly RuleSetBuilder _builder;
    private readonly SpamSettings _settings;

    public SettingDirectives(RuleSetBuilder builder) => (_builder, _settings) = (builder, builder.Settings);

    public void Apply(string key, string value, SourceLine source)
    {
        var (words, name) = (Words(value), Renamed(key));
        var isApplied = PluginDirectives.TryApply(_builder, name, value, source) || ApplyLists(name, value, words)
            || ApplyFreemail(name, value, words, source) || ApplyNetworks(key, words, source)
            || ApplyReports(key, value, source) || ApplyPlain(key, value, words, source);
        if (!isApplied)
        {
            var known = Array.Exists(_ignored, i => key.StartsWith(i, StringComparison.Ordinal));
            _builder.Report(source, known ? $"'{key}' has no effect here" : $"unknown setting '{key}'", isError: !known);
        }
    }

    private bool ApplyNetworks(string key, string[] words, SourceLine source)
    {
        var networks = _settings.Networks;
        switch (key)
        {
            case "trusted_networks":
                AddNetworks(networks.Trusted, words, source);
                return true;
            case "internal_networks":
                AddNetworks(networks.Internal, words, source);
                return true;
            case "msa_networks":
                AddNetworks(networks.Submission, words, source);
                return true;
            case "clear_trusted_networks":
                networks.Trusted = NetworkSet.WithLoopback();
                return true;
            case "clear_internal_networks":
                networks.Internal = NetworkSet.WithLoopback();
                return true;
            case "clear_msa_networks":
                networks.Submission = new NetworkSet();
                return true;
            case "originating_ip_headers":
                networks.OriginatingIpHeaders.AddRange(words.Except(networks.OriginatingIpHeaders, StringComparer.OrdinalIgnoreCase));
                return true;
            case "clear_originating_ip_headers":
                networks.OriginatingIpHeaders.Clear();
                return true;
            default:
                return false;
        }
    }

    private void AddNetworks(NetworkSet set, string[] words, SourceLine source)
    {
        foreach (var word in words)
        {
            if (!set.TryAdd(word))
            {
                _builder.Report(source, $"'{word}' is not a network; write an address, 10.1. or 10.0.0.0/8", isError: true);
            }
        }

        set.IsConfigured = true;
    }

    private bool ApplyReports(string key, string value, SourceLine source)
    {
        switch (key)
        {
            case "report":
                _settings.ReportTemplate.Add(Unquote(value));
                return true;
            case "clear_report_template":
                _settings.ReportTemplate.Clear();
                return true;
            case "unsafe_report":
                _settings.UnsafeReportTemplate.Add(Unquote(value));
                return true;
            case "clear_unsafe_report_template":
                _settings.UnsafeReportTemplate.Clear();
                return true;
            case "report_contact":
                _settings.ReportContact = value;
                return true;
            case "report_hostname":
                _settings.ReportHostname = value;
                return true;
            case "report_charset":
                _settings.ReportCharset = value;
                return true;
            case "report_safe_copy_headers":
                _settings.ReportSafeCopyHeaders.AddRange(value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
                return true;
            case "clear_headers":
                _settings.HamHeaders.RemoveAll(h => h.Name != AddedHeader.Version.Name);
                _settings.SpamHeaders.RemoveAll(h => h.Name != AddedHeader.Version.Name);
                return true;
            case "add_header" when _added.Match(value) is { Success: true } match:
                AddHeader(match.Groups[1].Value, match.Groups[2].Value, Unescape(Unquote(match.Groups[3].Value)));
                return true;
            case "remove_header" when _added.Match(value) is { Success: true } match:
                if (match.Groups[2].Value != AddedHeader.Version.Name)
                {
                    RemoveHeader(match.Groups[1].Value, match.Groups[2].Value);
                }

                return true;
            case "rewrite_header":
                return RewriteHeader(value, source);
            case "subjprefix":
                var space = value.IndexOf(' ', StringComparison.Ordinal);
                _settings.SubjectPrefix[space < 0 ? value : value[..space]] = space < 0 ? "" : value[(space + 1)..].Trim();
                return true;
            default:
                return false;
        }
    }

    /// <summary>Sets report_safe. Spam that is not wrapped in a report carries it in a header field.</summary>
    private void SetReportSafe(double number)
    {
        _settings.ReportSafe = Math.Clamp((int)number, 0, 2);
        if (_settings.ReportSafe == 0 && !_settings.SpamHeaders.Exists(h => h.Name.Equals("Report", StringComparison.OrdinalIgnoreCase)))
        {
            _settings.SpamHeaders.Add(new AddedHeader("Report", "_REPORT_"));
        }
    }

    private void AddHeader(string which, string name, string template)
    {
        RemoveHeader(which, name);
        if (which is "ham" or "all")
        {
            _settings.HamHeaders.Add(new AddedHeader(name, template));
        }

        if (which is "spam" or "all")
        {
            _settings.SpamHeaders.Add(new AddedHeader(name, template));
        }
    }

    private void RemoveHeader(string which, string name)
    {
        bool Is(AddedHeader header) => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
        _ = which is "ham" or "all" ? _settings.HamHeaders.RemoveAll(Is) : 0;
        _ = which is "spam" or "all" ? _settings.SpamHeaders.RemoveAll(Is) : 0;
    }

    private bool RewriteHeader(string value, SourceLine source)
    {
        var words = value.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries);
        var name = words.Length == 0 ? "" : char.ToUpperInvariant(words[0][0]) + words[0][1..].ToLowerInvariant();
        if (name is not ("Subject" or "From" or "To"))
        {
            _builder.Report(source, $"'{name}' cannot be rewritten, only Subject, From or To", isError: true);
        }
        else if (words.Length < 2)
        {
            _settings.RewriteHeader.Remove(name);
        }
        else
        {
            _settings.RewriteHeader[name] = name == "Subject" ? words[1] : words[1].Replace('(', '[').Replace(')', ']');
        }

        return true;
    }

    private bool ApplyPlain(string key, string value, string[] words, SourceLine source)
    {
        switch (key)
        {
            case "required_score" or "required_hits":
                return Number(value, source, n => _settings.RequiredScore = n);
            case "report_safe":
                return Number(value, source, SetReportSafe);
            case "report_wrap_width":
                return Number(value, source, n => _settings.ReportWrapWidth = Math.Clamp((int)n, 20, 900));
            case "body_part_scan_size":
                return Number(value, source, n => _settings.BodyPartScanSize = (int)n);
            case "rawbody_part_scan_size":
                return Number(value, source, n => _settings.RawBodyPartScanSize = (int)n);
            case "bayes_auto_learn_threshold_nonspam":
                return Number(value, source, n => _settings.AutoLearnHam = n);
            case "bayes_auto_learn_threshold_spam":
                return Number(value, source, n => _settings.AutoLearnSpam = n);
            case "bayes_min_ham_num":
                return Number(value, source, n => _settings.BayesMinHam = (int)n);
            case "bayes_min_spam_num":
                return Number(value, source, n => _settings.BayesMinSpam = (int)n);
            case "use_bayes":
                return Flag(value, source, f => _settings.UseBayes = f);
            case "use_bayes_rules":
                return Flag(value, source, f => _settings.UseBayesRules = f);
            case "bayes_auto_learn":
                return Flag(value, source, f => _settings.BayesAutoLearn = f);
            case "bayes_auto_learn_on_error":
                return Flag(value, source, f => _settings.AutoLearnOnError = f);
            case "allow_user_rules":
                return Number(value, source, n => _settings.AllowUserRules = n != 0);
            case "parse_dkim_uris":
                return Flag(value, source, f => _settings.ParseDkimUris = f);
            case "fold_headers":
                return Flag(value, source, f => _settings.FoldHeaders = f);
            case "envelope_sender_header":
                _settings.EnvelopeSenderHeader = value;
                return true;
            case "ok_locales":
                _settings.OkLocales = value;
                return true;
            case "redirector_pattern":
                _settings.RedirectorPatterns.Add(value);
                return true;
            case "util_rb_tld":
                _settings.Boundaries.TopLevel.UnionWith(words.Select(RegistryBoundaries.ToAscii));
                return true;
            case "util_rb_2tld":
                _settings.Boundaries.SecondLevel.UnionWith(words.Select(RegistryBoundaries.ToAscii));
                return true;
            case "util_rb_3tld":
                _settings.Boundaries.ThirdLevel.UnionWith(words.Select(RegistryBoundaries.ToAscii));
                return true;
            case "clear_util_rb":
                _settings.Boundaries.TopLevel.Clear();
                _settings.Boundaries.SecondLevel.Clear();
                _settings.Boundaries.ThirdLevel.Clear();
                return true;
            default:
                return false;
        }
    }

    private bool Number(string value, SourceLine source, Action<double> set)
    {
        if (double.TryParse(
            value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            set(number);
        }
        else
        {
            _builder.Report(source, $"'{value}' is not a number", isError: true);
        }

        return true;
    }

    private bool Flag(string value, SourceLine source, Action<bool> set)
    {
        if (value.ToLowerInvariant() is "1" or "yes")
        {
            set(true);
        }
        else if (value.ToLowerInvariant() is "0" or "no")
        {
            set(false);
        }
        else
        {
            _builder.Report(source, $"'{value}' is not a switch; write 1 or 0", isError: true);
        }

        return true;
    }

    private static string[] Words(string text) => text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static string Unquote(string value) => value.Length > 1 && value.StartsWith('"') && value.EndsWith('"') ? value[1..^1] : value;

    /// <summary><c>\t</c>, <c>\n</c> and <c>\\</c> of a header template; other escapes go.</summary>
    private static string Unescape(string value)
    {
        var text = new System.Text.StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] != '\\' || i + 1 == value.Length)
            {
                text.Append(value[i]);
                continue;
            }

            _ = value[++i] switch { 't' => text.Append('\t'), 'n' => text.Append('\n'), '\\' => text.Append('\\'), _ => text };
        }

        return text.ToString();
    }
}
