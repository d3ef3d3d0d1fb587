using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Html;

/// <summary>The links of an HTML text, resolved against its base (RFC 3986 §5.2).</summary>
internal sealed class HtmlLinks(HtmlResults results)
{
    private const int MaxLength = 8192;

    private static readonly PerlRegex _opaque = new("^(?:data|mailto|file|cid|tel):", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _prefixedHref = new("\\w{1,8}/href");
    private static readonly PerlRegex _prefixedSrc = new("\\w{1,8}/src");
    private static readonly PerlRegex _webBase = new("^(?:https?|ftp):/{0,2}", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _baseFile = new("^([a-z]+:/{0,2}[^/]+/.*?)[^/.]+\\.[^/.]{2,4}$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _refresh = new("^.*\\burl\\s*=\\s*", RegexOptions.IgnoreCase);

    private string _base = "";

    public void Read(string tag, Dictionary<string, string> attributes)
    {
        switch (tag)
        {
            case "body" or "table" or "tr" or "td":
                Push(tag, attributes.GetValueOrDefault("background"));
                break;
            case "a" or "area" or "link":
                Push(tag, Prefixed(attributes, "href", _prefixedHref)?.Replace("\uFEFF", "", StringComparison.Ordinal));
                Push(tag, attributes.GetValueOrDefault("data-saferedirecturl"));
                break;
            case "img" or "frame" or "iframe" or "embed" or "script" or "bgsound":
                Push(tag, Prefixed(attributes, "src", _prefixedSrc));
                break;
            case "form":
                Push(tag, attributes.GetValueOrDefault("action"));
                break;
            case "base":
                ReadBase(attributes.GetValueOrDefault("href"));
                break;
            case "meta":
                ReadRefresh(attributes);
                break;
        }
    }

    /// <summary>The link without blanks around it, cut at 8 KiB.</summary>
    public string Canonical(string uri)
    {
        var trimmed = uri.Trim(' ', '\t', '\r', '\n', '\f', '\v', '\xA0', '\x85');
        if (trimmed.Length > MaxLength)
        {
            results.UriTruncated = true;
            trimmed = trimmed[..MaxLength];
        }

        return trimmed;
    }

    public HtmlLink Link(string uri)
    {
        if (!results.Links.TryGetValue(uri, out var link))
        {
            results.Links[uri] = link = new HtmlLink();
        }

        return link;
    }

    private void Push(string tag, string? uri)
    {
        if (uri is null || Canonical(uri) is not { Length: > 0 } canonical)
        {
            return;
        }

        var target = _opaque.IsMatch(canonical) ? canonical : UriReference.Resolve(_base, canonical);
        if (target.Length > 0)
        {
            Link(target).Types.Add(tag);
        }
    }

    private void ReadBase(string? href)
    {
        if (string.IsNullOrEmpty(href))
        {
            return;
        }

        var uri = Canonical(href);
        Push("base", uri);
        if (_webBase.IsMatch(uri))
        {
            uri = _baseFile.Replace(uri, "$1");
            _base = uri.EndsWith('/') ? uri : uri + "/";
        }
    }

    private void ReadRefresh(Dictionary<string, string> attributes)
    {
        if (attributes.TryGetValue("http-equiv", out var equiv) && equiv.Contains("refresh", StringComparison.OrdinalIgnoreCase)
            && attributes.TryGetValue("content", out var content) && _refresh.Match(content) is { Success: true } match)
        {
            var uri = content[match.Length..];
            var semicolon = uri.IndexOf(';', StringComparison.Ordinal);
            Push("meta", semicolon < 0 ? uri : uri[..semicolon].TrimEnd());
        }
    }

    /// <summary>The value of an attribute that broken markup glued to a word in front: <c>foo/href="…"</c>; null for none.</summary>
    private static string? Prefixed(Dictionary<string, string> attributes, string name, PerlRegex glued)
    {
        foreach (var (key, value) in attributes)
        {
            if (key.Length > name.Length && glued.IsMatch(key))
            {
                return value;
            }
        }

        return attributes.GetValueOrDefault(name);
    }
}
