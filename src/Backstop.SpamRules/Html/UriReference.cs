using System.Text;
using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Html;

/// <summary>A URI reference in five parts and its resolution, lenient about a repeated scheme (RFC 3986 §5.2.2).</summary>
internal readonly record struct UriReference(string? Scheme, string? Authority, string Path, string? Query, string? Fragment)
{
    private static readonly PerlRegex _www = new("^www\\d*\\.", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _ftp = new("^ftp\\d*\\.", RegexOptions.IgnoreCase);

    public static UriReference Parse(string text)
    {
        MessageBudget.Charge(text.Length);
        var (scheme, authority, query, fragment) = ((string?)null, (string?)null, (string?)null, (string?)null);
        var rest = text.AsSpan();
        if (rest.IndexOfAny(":/?#") is var colon and > 0 && rest[colon] == ':')
        {
            scheme = rest[..colon].ToString();
            rest = rest[(colon + 1)..];
        }

        if (rest.StartsWith("//"))
        {
            rest = rest[2..];
            var end = rest.IndexOfAny("/?#") is var stop and >= 0 ? stop : rest.Length;
            authority = rest[..end].ToString();
            rest = rest[end..];
        }

        if (rest.IndexOf('#') is var hash and >= 0)
        {
            fragment = rest[(hash + 1)..].ToString();
            rest = rest[..hash];
        }

        if (rest.IndexOf('?') is var mark and >= 0)
        {
            query = rest[(mark + 1)..].ToString();
            rest = rest[..mark];
        }

        return new UriReference(scheme, authority, rest.ToString(), query, fragment);
    }

    public static string Resolve(string baseText, string text)
    {
        var reference = Parse(text);
        var origin = Parse(baseText);
        if (reference.Scheme is not null && reference.Scheme == origin.Scheme)
        {
            reference = reference with { Scheme = null };
        }

        return Format(reference.Scheme is not null
            ? reference with { Path = RemoveDots(reference.Path) }
            : Merge(origin, reference) with { Scheme = origin.Scheme });
    }

    private static UriReference Merge(UriReference origin, UriReference reference)
    {
        if (reference.Authority is not null)
        {
            return reference with { Path = RemoveDots(reference.Path) };
        }

        if (reference.Path.Length == 0)
        {
            return reference with { Authority = origin.Authority, Path = origin.Path, Query = reference.Query ?? origin.Query };
        }

        var path = reference.Path[0] == '/' ? reference.Path : MergePaths(origin, reference.Path);
        return reference with { Authority = origin.Authority, Path = RemoveDots(path) };
    }

    private static string MergePaths(UriReference origin, string path)
    {
        if (origin.Authority is not null && origin.Path is "" or "0")
        {
            return "/" + path;
        }

        var slash = origin.Path.LastIndexOf('/');
        return string.Concat(origin.Path.AsSpan(0, slash + 1), path);
    }

    private static string RemoveDots(string path)
    {
        if (!path.Contains('.'))
        {
            return path;
        }

        if (path.StartsWith("./", StringComparison.Ordinal) || path.StartsWith("../", StringComparison.Ordinal))
        {
            path = path[path.IndexOf('/', StringComparison.Ordinal)..];
        }

        var output = new StringBuilder(path.Length);
        var at = 0;
        while (at < path.Length)
        {
            var next = path.IndexOf('/', at + 1);
            next = next < 0 ? path.Length : next;
            var segment = path.AsSpan(at, next - at);
            if (segment is "/." or "/..")
            {
                if (segment is "/..")
                {
                    output.Length = Math.Max(0, output.ToString().LastIndexOf('/'));
                }

                if (next == path.Length)
                {
                    output.Append('/');
                }
            }
            else
            {
                output.Append(segment);
            }

            at = next;
        }

        return output.ToString();
    }

    private static string Format(UriReference uri)
    {
        var text = new StringBuilder();
        if (!string.IsNullOrEmpty(uri.Scheme))
        {
            text.Append(uri.Scheme).Append(':');
        }
        else if (uri.Authority is not null)
        {
            text.Append(_www.IsMatch(uri.Authority) ? "http:" : _ftp.IsMatch(uri.Authority) ? "ftp:" : "");
        }

        if (uri.Authority is not null)
        {
            text.Append("//").Append(uri.Authority);
        }

        text.Append(uri.Path);
        _ = uri.Query is null ? text : text.Append('?').Append(uri.Query);
        return (uri.Fragment is null ? text : text.Append('#').Append(uri.Fragment)).ToString();
    }
}
