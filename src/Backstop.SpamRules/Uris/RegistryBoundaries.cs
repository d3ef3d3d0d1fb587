using System.Globalization;
using System.Text;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Uris;

/// <summary>
/// Where names are registered: <c>a.b.co.uk</c> belongs to <c>b.co.uk</c>. The lists come from the rule files (util_rb_tld and its
/// like).
/// </summary>
internal sealed class RegistryBoundaries
{
    private static readonly HashSet<string> _usStates =
    [
        .. (
            "ak al ar az ca co ct dc de fl ga gu hi ia id il in ks ky la ma md me mi mn mo ms mt nc nd ne nh nj nm nv ny oh ok or pa "
                + "pr ri sc sd tn tx ut "
            + "va vi vt wa wi wv wy").Split(' '),
    ];

    private static readonly PerlRegex _label = new("^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$");
    private static readonly PerlRegex _unschemed = new("^(?:javascript|cid|file):");
    private static readonly PerlRegex _escaped = new("%(?:2[1-9a-f]|[3-6][0-9a-f]|7[0-9a-e])");
    private static readonly PerlRegex _countyOrCity = new("^c[io]$");
    private static readonly IdnMapping _idn = new() { UseStd3AsciiRules = false };

    public HashSet<string> TopLevel { get; } = new(StringComparer.Ordinal);

    public HashSet<string> SecondLevel { get; } = new(StringComparer.Ordinal);

    public HashSet<string> ThirdLevel { get; } = new(StringComparer.Ordinal);

    /// <summary>The registered domain of an ASCII host name.</summary>
    public string TrimDomain(string host)
    {
        var labels = host.ToLowerInvariant().Split('.', StringSplitOptions.RemoveEmptyEntries);
        var first = 0;
        while (labels.Length - first > 1 && !IsBoundary(labels.AsSpan(first)))
        {
            first++;
        }

        first = Math.Max(0, first - 1);
        return string.Join('.', labels[first..]);
    }

    public bool IsValid(string host)
    {
        var lower = host.ToLowerInvariant();
        var dot = lower.LastIndexOf('.');
        return dot >= 0 && dot < lower.Length - 1 && !PerlSpace.In(lower) && TopLevel.Contains(lower[(dot + 1)..]);
    }

    /// <summary>Whether this top-level domain is known, in any case of letters.</summary>
    public bool IsTopLevel(ReadOnlySpan<char> label) => label.Length <= 63 && TopLevel.Contains(label.ToString().ToLowerInvariant());

    /// <summary>Registered domain and host of a URI, or null when it names no host that can exist.</summary>
    public (string Domain, string Host)? OfUri(string uri)
    {
        var text = uri.ToLowerInvariant();
        if (_unschemed.IsMatch(text))
        {
            return null;
        }

        if (text.StartsWith("mailto:", StringComparison.Ordinal))
        {
            text = Before(text[7..], '?');
            var at = text.IndexOf('@', StringComparison.Ordinal);
            if (at < 0 || text.IndexOf('@', at + 1) >= 0)
            {
                return null;
            }

            text = text[(at + 1)..];
        }
        else
        {
            text = HostOf(text).ToString();
        }

        if (_escaped.IsMatch(text))
        {
            return null;
        }

        var host = ToAscii(text);
        return IpPatterns.IsAddress(host) ? (host, host)
            : IsFullyQualified(host) && IsValid(host) ? (TrimDomain(host), host)
            : null;
    }

    /// <summary>Whether a host name has at least two labels, each valid in DNS, and no underscore in the last two.</summary>
    public static bool IsFullyQualified(string host)
    {
        var name = host.ToLowerInvariant().TrimEnd('.');
        var labels = name.Split('.');
        if (name.Length > 253 || labels.Length < 2)
        {
            return false;
        }

        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i].Length is 0 or > 63 || !_label.IsMatch(labels[i]) || (i >= labels.Length - 2 && labels[i].Contains('_')))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Returns a host name in lower case; one in another script in its ASCII form if it has one.</summary>
    public static string ToAscii(string octets)
    {
        if (Octets.IsAscii(octets))
        {
            return octets.ToLowerInvariant();
        }

        try
        {
            return _idn.GetAscii(
                Encoding.UTF8.GetString(Octets.ToBytes(octets)).Replace('\u3002', '.').Replace('\uFF0E', '.')
                    .Replace('\uFF61', '.').Replace('\u2024', '.').Replace('\uFE52', '.')).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return octets.ToLowerInvariant();
        }
    }

    private bool IsBoundary(ReadOnlySpan<string> labels) => labels.Length switch
    {
        2 => SecondLevel.Contains($"{labels[0]}.{labels[1]}"),
        3 when labels[2] == "us" => _usStates.Contains(labels[1]),
        3 => ThirdLevel.Contains($"{labels[0]}.{labels[1]}.{labels[2]}"),
        4 when labels[3] == "us" =>
            ((labels[0] == "pvt" && labels[1] == "k12") || _countyOrCity.IsMatch(labels[0])) && _usStates.Contains(labels[2]),
        _ => false,
    };

    /// <summary>What stands where a URI has its host: without scheme, user, port and all that follows.</summary>
    /// <param name="uri">In lower case.</param>
    internal static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> uri)
    {
        var scheme = uri.IndexOfAnyExceptInRange('a', 'z');
        if (scheme > 0 && uri[scheme] == ':')
        {
            uri = uri[(scheme + 1)..];
            uri = uri.StartsWith("//") ? uri[2..] : uri.StartsWith("/") ? uri[1..] : uri;
        }

        var host = uri[..(uri.IndexOfAny('/', '?', '#') is var end and >= 0 ? end : uri.Length)];
        host = host[(host.LastIndexOf('@') + 1)..];
        var colon = host.LastIndexOf(':');
        return colon >= 0 && !host[(colon + 1)..].ContainsAnyExceptInRange('0', '9') ? host[..colon] : host;
    }

    private static string Before(string text, char stop) =>
        text.IndexOf(stop, StringComparison.Ordinal) is var at and >= 0 ? text[..at] : text;
}
