using Backstop.SpamRules.Html;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Uris;

/// <summary>A URI of a message: where it stands, its cleaned forms, its hosts.</summary>
internal sealed class UriDetail
{
    public HashSet<string> Types { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Cleaned { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Domains { get; } = new(StringComparer.Ordinal);

    /// <summary>Host to registered domain.</summary>
    public Dictionary<string, string> Hosts { get; } = new(StringComparer.Ordinal);

    public List<string> AnchorTexts { get; } = [];
}

/// <summary>
/// Every URI of a message from its text, its HTML and its signatures (PerMsgStatus.pm, get_uri_detail_list). At most 10,000.
/// </summary>
internal sealed class UriDetails(RegistryBoundaries boundaries, UriCanonical canonical)
{
    private const int MaxUris = 10_000;
    private const int MaxLength = 8192;

    public Dictionary<string, UriDetail> ByUri { get; } = new(StringComparer.Ordinal);

    public bool Truncated { get; private set; }

    /// <summary>The cleaned forms, each once: what uri rules are matched against.</summary>
    public List<string> Cleaned() => ByUri.Values.SelectMany(d => d.Cleaned).Distinct(StringComparer.Ordinal).ToList();

    public void AddText(IReadOnlyList<string> body)
    {
        foreach (var found in new UriFinder(boundaries).Find(body))
        {
            Add(found.Uri, found.Types, needsDomain: true);
        }
    }

    public void AddHtml(HtmlResults html)
    {
        Truncated |= html.UriTruncated;
        foreach (var (uri, link) in html.Links)
        {
            var octets = Octets.FromUnicode(uri);
            if (Add(octets, link.Types, needsDomain: false))
            {
                ByUri[octets].AnchorTexts.AddRange(
                    link.AnchorTexts.Select(t => Octets.FromUnicode(t.ToString())).Distinct(StringComparer.Ordinal));
            }
        }
    }

    /// <summary>A link that stands neither in the text nor in the HTML.</summary>
    public void AddFound(string uri) => Add(uri, [], needsDomain: false);

    /// <summary>The domain of a DKIM or DomainKeys signature.</summary>
    public void AddSigner(string domain)
    {
        if (boundaries.OfUri("domainkeys:" + domain) is { } found)
        {
            var detail = Detail("domainkeys:" + domain);
            detail.Domains.Add(found.Domain);
            detail.Hosts[found.Host] = found.Domain;
            detail.Types.UnionWith(["domainkeys", "nocanon", "noclean"]);
        }
    }

    private bool Add(string uri, IEnumerable<string> types, bool needsDomain)
    {
        if (ByUri.Count >= MaxUris)
        {
            return false;
        }

        var forms = canonical.Forms(uri);
        var hosts = new Dictionary<string, string>(StringComparer.Ordinal);
        var cleaned = new List<string>(forms.Count);
        foreach (var form in forms)
        {
            Truncated |= form.Length > MaxLength;
            cleaned.Add(form.Length > MaxLength ? form[..MaxLength] : form);
            if (boundaries.OfUri(cleaned[^1]) is { } found)
            {
                hosts[found.Host] = found.Domain;
            }
        }

        if (needsDomain && hosts.Count == 0)
        {
            return false;
        }

        var detail = Detail(uri);
        detail.Cleaned.UnionWith(cleaned);
        detail.Domains.UnionWith(hosts.Values);
        detail.Types.UnionWith(types.DefaultIfEmpty("parsed"));
        foreach (var (host, domain) in hosts)
        {
            detail.Hosts[host] = domain;
        }

        return true;
    }

    private UriDetail Detail(string uri)
    {
        if (!ByUri.TryGetValue(uri, out var detail))
        {
            ByUri[uri] = detail = new UriDetail();
        }

        return detail;
    }
}
