using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>Lists of addresses, hosts and domains.</summary>
internal sealed partial class SettingDirectives
{
    private static readonly PerlRegex _named = new("^\\((.+?)\\)\\s+(.+)$");

    /// <summary>Welcome and block: SpamAssassin 4 renamed its lists; the old names mean the same.</summary>
    private static string Renamed(string key) =>
        key.Replace("whitelist", "welcomelist", StringComparison.Ordinal).Replace("blacklist", "blocklist", StringComparison.Ordinal);

    private bool ApplyLists(string key, string value, string[] words)
    {
        switch (key)
        {
            case "welcomelist_from" or "blocklist_from" or "welcomelist_to" or "more_spam_to" or "all_spam_to" or "blocklist_to"
                or "welcomelist_auth" or "def_welcomelist_auth" or "welcomelist_bounce_relays" or "welcomelist_allows_relays"
                or "bayes_ignore_from" or "bayes_ignore_to":
                Array.ForEach(words, _settings.List(key).Add);
                return true;
            case "unwelcomelist_from" or "unblocklist_from" or "unwelcomelist_auth" or "unwelcomelist_from_spf":
                Array.ForEach(words, _settings.List(key[2..]).Remove);
                return true;
            case "welcomelist_subject" or "blocklist_subject":
                _settings.List(key).Add($"*{value}*");
                return true;
            case "welcomelist_from_rcvd" or "def_welcomelist_from_rcvd" or "welcomelist_from_dkim" or "def_welcomelist_from_dkim"
                when words.Length >= 2:
                _settings.Senders(key).Add(new SenderWithRelay(new AddressGlob(words[0].ToLowerInvariant()), words[1].ToLowerInvariant()));
                return true;
            case "welcomelist_from_dkim" or "def_welcomelist_from_dkim" or "welcomelist_from_spf" or "def_welcomelist_from_spf":
                Array.ForEach(words, _settings.List(key).Add);
                return true;
            case "unwelcomelist_from_rcvd" or "unwelcomelist_from_dkim":
                _settings.Senders(key[2..]).RemoveAll(s => s.Address.Pattern.Equals(value, StringComparison.OrdinalIgnoreCase));
                return true;
            case "enlist_addrlist" when _named.Match(value) is { Success: true } match:
                Array.ForEach(Words(match.Groups[2].Value), _settings.List(match.Groups[1].Value).Add);
                return true;
            case "enlist_uri_host" when _named.Match(value) is { Success: true } match:
                EnlistHosts(match.Groups[1].Value, match.Groups[2].Value);
                return true;
            case "blocklist_uri_host":
                EnlistHosts("BLOCK", value);
                return true;
            case "welcomelist_uri_host":
                EnlistHosts("WELCOME", value);
                return true;
            case "delist_uri_host":
                DelistHosts(value);
                return true;
            case "bayes_ignore_header":
                _settings.BayesIgnoreHeaders.UnionWith(words);
                return true;
            default:
                return false;
        }
    }

    private void EnlistHosts(string list, string value)
    {
        var hosts = _settings.UriHosts(list);
        foreach (var host in Words(value.ToLowerInvariant()))
        {
            hosts[host.TrimStart('!')] = !host.StartsWith('!');
        }
    }

    /// <summary>Removes hosts from the list named before them, or from all lists.</summary>
    private void DelistHosts(string value)
    {
        var named = _named.Match(value);
        var hosts = Words((named.Success ? named.Groups[2].Value : value).ToLowerInvariant());
        foreach (var list in _settings.UriHostLists.Keys.Where(l => !named.Success || l == named.Groups[1].Value).ToList())
        {
            var listed = _settings.UriHosts(list);
            Array.ForEach(hosts, host => listed.Remove(host.TrimStart('!')));
        }
    }

    private bool ApplyFreemail(string key, string value, string[] words, SourceLine source)
    {
        switch (key)
        {
            case "freemail_domains":
                Array.ForEach(words, w => AddFreemail(w, source));
                return true;
            case "freemail_welcomelist":
                _settings.FreemailWelcome.UnionWith(words.Select(w => w.ToLowerInvariant()));
                return true;
            case "freemail_max_body_emails":
                return Number(value, source, n => _settings.FreemailMaxBodyEmails = (int)n);
            case "freemail_max_body_freemails":
                return Number(value, source, n => _settings.FreemailMaxBodyFreemails = (int)n);
            case "freemail_skip_when_over_max":
                return Number(value, source, n => _settings.FreemailSkipsCrowds = n != 0);
            case "freemail_skip_bulk_envfrom":
                return Number(value, source, n => _settings.FreemailSkipsBulk = n != 0);
            case "freemail_import_welcomelist_auth":
                return Number(value, source, n => Import("welcomelist_auth", n));
            case "freemail_import_def_welcomelist_auth":
                return Number(value, source, n => Import("def_welcomelist_auth", n));
            default:
                return false;
        }
    }

    private void Import(string list, double on) =>
        _ = on != 0 ? _settings.FreemailImports.Add(list) : _settings.FreemailImports.Remove(list);

    private void AddFreemail(string domain, SourceLine source)
    {
        var lower = domain.ToLowerInvariant();
        if (lower.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '*' or '?' or '-')))
        {
            _builder.Report(
                source, $"'{domain}' is not a domain; write letters, digits, - and ., or * and ? for some of them", isError: true);
        }
        else if (lower.AsSpan().ContainsAny("*?"))
        {
            _settings.FreemailWildcards.Add(lower);
        }
        else
        {
            _settings.AddFreemail(lower);
        }
    }
}
