using System.Buffers;

namespace Backstop.SpamRules.Uris;

/// <summary>
/// The parts of a URI on the web, and what is asked of every URI before that: by hand, for a message may have ten thousand of them. The
/// text has no line ends.
/// </summary>
/// <param name="Scheme"><c>http://</c> or <c>https://</c>, in any case.</param>
/// <param name="User">User and password with their <c>@</c>; empty for none.</param>
/// <param name="Host">The host; never empty.</param>
/// <param name="Port">The digits behind the colon; empty for none.</param>
/// <param name="Rest">All behind the host: port, path, query.</param>
internal readonly record struct WebUri(string Scheme, string User, string Host, string Port, string Rest)
{
    private static readonly SearchValues<char> _ofSchemes = SearchValues.Create(
        "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    /// <summary>Takes a URI apart; null where it is of another scheme or names no host.</summary>
    public static WebUri? Parse(string text)
    {
        var start = SchemeLength(text) is var scheme and > 0 && text.AsSpan(scheme).StartsWith("//") ? scheme + 2 : 0;
        if (start == 0)
        {
            return null;
        }

        var authority = text.AsSpan(start);
        authority = authority[..(authority.IndexOfAny('/', '?', '#') is var end and >= 0 ? end : authority.Length)];
        var user = authority.IndexOf('@') + 1;
        var length = HostLength(authority[user..]);
        if (length == 0)
        {
            // "http://a@:80": what looks like a user is the host then.
            (user, length) = (0, HostLength(authority));
        }

        if (length == 0)
        {
            return null;
        }

        var rest = start + user + length;
        var host = text.Substring(start + user, length);
        return new(text[..start], text.Substring(start, user), host, DigitsOfPort(text.AsSpan(rest)), text[rest..]);
    }

    /// <summary>Whether a link stays on its page or host: it begins with <c>#</c>, <c>?</c>, <c>&amp;</c> or a single slash.</summary>
    public static bool IsLocal(ReadOnlySpan<char> text) => text is ['#' or '?' or '&', ..] or ['/'] or ['/', not '/', ..];

    /// <summary>Whether it is an address of mail, with or without its scheme.</summary>
    public static bool IsMail(ReadOnlySpan<char> text) =>
        text.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
        || (text.IndexOf('@') is var at and >= 0 && !text[..at].Contains(':'));

    /// <summary>Whether it begins with a scheme, of whatever letters and digits.</summary>
    public static bool HasScheme(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOf(':');
        return colon > 0 && text[..colon].IndexOfAnyExcept(_ofSchemes) < 0;
    }

    /// <summary>The text with two slashes behind the scheme of the web, however few it had.</summary>
    public static string WithSlashes(string text)
    {
        var scheme = SchemeLength(text);
        if (scheme == 0 || text.AsSpan(scheme).StartsWith("//"))
        {
            return text;
        }

        return string.Concat(text.AsSpan(0, scheme), "//", text.AsSpan(text.AsSpan(scheme).StartsWith("/") ? scheme + 1 : scheme));
    }

    /// <summary>The text with a slash between a host and the query or fragment that follows it at once.</summary>
    public static string WithPath(string text)
    {
        if (SchemeLength(text) is var scheme && (scheme == 0 || !text.AsSpan(scheme).StartsWith("//")))
        {
            return text;
        }

        var length = text.AsSpan(scheme + 2).IndexOfAny('/', '?', '#');
        return length > 0 && text[scheme + 2 + length] != '/' ? text.Insert(scheme + 2 + length, "/") : text;
    }

    /// <summary>The first URI of the web within a text, up to <c>&amp;</c> or <c>#</c>; null for none.</summary>
    public static string? Within(string text)
    {
        var at = -1;
        while ((at = text.IndexOf("http", at + 1, StringComparison.OrdinalIgnoreCase)) >= 0)
        {
            var found = text.AsSpan(at);
            var scheme = SchemeLength(found);
            if (scheme == 0)
            {
                continue;
            }

            var length = found.IndexOfAny('&', '#') is var end and >= 0 ? end : found.Length;
            if (length > scheme)
            {
                return found[..length].ToString();
            }
        }

        return null;
    }

    // The length of "http:" or "https:" at the beginning; 0 for neither.
    private static int SchemeLength(ReadOnlySpan<char> text) =>
        text.StartsWith("http:", StringComparison.OrdinalIgnoreCase) ? 5
        : text.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? 6
        : 0;

    private static int HostLength(ReadOnlySpan<char> authority) => authority.IndexOf(':') is var end and >= 0 ? end : authority.Length;

    private static string DigitsOfPort(ReadOnlySpan<char> rest)
    {
        if (rest is not [':', ..])
        {
            return "";
        }

        var length = rest[1..].IndexOfAnyExceptInRange('0', '9');
        return (length < 0 ? rest[1..] : rest.Slice(1, length)).ToString();
    }
}
