using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Uris;

/// <summary>
/// The forms of a URI that rules see: unescaped, without port, user and disguise of its host (Util.pm,
/// uri_list_canonicalize).
/// </summary>
internal sealed class UriCanonical(RegistryBoundaries boundaries, Redirectors redirectors)
{
    private const int MaxForms = 64;

    private static readonly SearchValues<char> _ofNames = SearchValues.Create(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly PerlRegex _mailQuery = new("^([^@]+@[^?]+)\\?");
    private static readonly PerlRegex _mailAmpersand = new("^([^@]+@[^?&]+)&");
    private static readonly PerlRegex _mailEscaped = new("^(?:mailto:)?(?:%20)*([^@]+@[^?&%]+)");
    private static readonly PerlRegex _mailAngled = new("^[^?&]*<([^@>]+@[^>]+)>");
    private static readonly PerlRegex _escape = new("%[0-9a-fA-F]{2}");
    private static readonly PerlRegex _decimal = new("&#0*(3[3-9]|[4-9]\\d|1[01]\\d|12[0-6]);");
    private static readonly PerlRegex _hexadecimal = new("&#x0*(2[1-9]|[3-6][a-fA-F0-9]|7[0-9a-eA-E]);");
    private static readonly PerlRegex _dots = new("&#(?:x2e|12290|x3002|65294|xff0e|65377|xff61);", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _port80 = new("^:80\\b");
    private static readonly PerlRegex _port443 = new("^:443\\b");
    private static readonly PerlRegex _quad = new(
        "^((?:0x[0-9a-f]+|\\d+)\\.)((?:0x[0-9a-f]+|\\d+)\\.)((?:0x[0-9a-f]+|\\d+)\\.)(0x[0-9a-f]+|\\d+)$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _hexHost = new("^0x[0-9a-f]*?([0-9a-f]{1,8})$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _octal = new("^0+([1-3][0-7]{0,2}|[4-7][0-7]?)\\b");

    /// <summary>
    /// All forms, including the given one unless it is not a URI. Targets of redirectors are followed, within bounds.
    /// </summary>
    public HashSet<string> Forms(string uri)
    {
        var forms = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<string>();
        queue.Enqueue(uri);
        while (queue.TryDequeue(out var next) && forms.Count < MaxForms)
        {
            next = next.Replace("\n", "", StringComparison.Ordinal).Trim(' ', '\t', '\r', '\f', '\v')
                .Replace("\r", "", StringComparison.Ordinal);
            forms.Add(next);
            MessageBudget.Charge(2 * next.Length);
            if (next.Length > 1 && !WebUri.IsLocal(next))
            {
                AddForms(next, forms, queue);
            }
        }

        return forms;
    }

    private void AddForms(string uri, HashSet<string> forms, Queue<string> queue)
    {
        if (WebUri.IsMail(uri))
        {
            AddMailForms(uri, forms);
            return;
        }

        var form = Simplify(uri);
        if (form != uri)
        {
            forms.Add(form);
        }

        if (WebUri.Parse(form) is { } web)
        {
            AddHostForms(web, forms, queue);
        }
    }

    private static void AddMailForms(string uri, HashSet<string> forms)
    {
        void Add(PerlRegex regex, string prefix)
        {
            if (regex.Match(uri) is { Success: true } match)
            {
                forms.Add(prefix + match.Groups[1].Value);
            }
        }

        Add(_mailQuery, "");
        Add(_mailAmpersand, "");
        if (uri.Contains("%20", StringComparison.Ordinal))
        {
            Add(_mailEscaped, "mailto:");
        }

        Add(_mailAngled, "mailto:");
    }

    private static string Simplify(string uri)
    {
        var form = WebUri.WithSlashes(uri.Replace('\\', '/'));
        form = form.Contains('%') && _escape.IsMatch(form) ? UrlEncoding.Normalize(form) : form;
        if (!WebUri.HasScheme(form))
        {
            form = (form.StartsWith("ftp.", StringComparison.Ordinal) ? "ftp://" : "http://") + form;
        }

        form = WebUri.WithPath(form);
        if (!form.Contains("&#", StringComparison.Ordinal))
        {
            return form;
        }

        form = _decimal.Replace(form, m => ((char)int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToString());
        form = _hexadecimal.Replace(
            form, m => ((char)int.Parse(m.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToString());
        return _dots.Replace(form, ".");
    }

    private void AddHostForms(WebUri web, HashSet<string> forms, Queue<string> queue)
    {
        var (scheme, user, host, port, rest) = web;
        string? withoutPort = null;
        if (port.Length > 0)
        {
            withoutPort = (scheme.Length == 7 ? _port80 : _port443).Replace(rest, "");
            if (withoutPort != rest)
            {
                forms.Add(scheme + host + withoutPort);
            }
        }

        var ascii = RegistryBoundaries.ToAscii(host);
        if (!ascii.Equals(host, StringComparison.OrdinalIgnoreCase))
        {
            forms.Add(scheme + ascii + rest);
            if (!string.IsNullOrEmpty(withoutPort))
            {
                forms.Add(scheme + ascii + withoutPort);
            }

            host = ascii;
        }

        var clean = string.Concat(host.Where(c => c > ' '));
        if (clean.Length != host.Length)
        {
            host = clean;
            forms.Add(scheme + host + rest);
        }

        FollowRedirect(scheme + host + rest, rest, queue);
        AddCleanHosts(scheme, host, rest, forms);
        var isPlain = user.Length == 0 && scheme == "http://" && (port.Length == 0 || port == "80");
        if (isPlain && ascii != "localhost" && !IsNumber(host) && BareName(ascii) is { } bare && !boundaries.IsValid(ascii))
        {
            forms.Add($"{scheme}www.{bare}.com{rest}");
        }
    }

    private void FollowRedirect(string uri, string rest, Queue<string> queue)
    {
        if (redirectors.Target(uri) is { } target)
        {
            queue.Enqueue(target);
            return;
        }

        if (WebUri.Within(rest) is { } inner && inner.Contains('.'))
        {
            queue.Enqueue(inner);
        }
    }

    private static void AddCleanHosts(string scheme, string host, string rest, HashSet<string> forms)
    {
        if (host.IndexOf('@') is var at and > 0)
        {
            forms.Add(scheme + (host = host[(at + 1)..]) + rest);
        }

        var length = host.AsSpan().LastIndexOfAny(_ofNames) + 1;
        if (length < host.Length)
        {
            forms.Add(scheme + (host = host[..length]) + rest);
        }

        if (host is not [>= '0' and <= '9', ..])
        {
            return;
        }

        if (_quad.Match(host) is { Success: true } quad)
        {
            forms.Add(scheme + string.Concat(Enumerable.Range(1, 4).Select(i => Octet(quad.Groups[i].Value))) + rest);
        }
        else if (host.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && _hexHost.Match(host) is { Success: true } hex)
        {
            forms.Add(
                scheme + Dotted(uint.Parse(hex.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)) + rest);
        }
        else if (IsDecimal(host))
        {
            forms.Add(scheme + (ulong.TryParse(host, CultureInfo.InvariantCulture, out var number) ? Dotted((uint)number) : host) + rest);
        }
    }

    private static bool IsDecimal(ReadOnlySpan<char> host) => host.Length > 0 && !host.ContainsAnyExceptInRange('0', '9');

    private static bool IsNumber(string host) =>
        host is [>= '0' and <= '9', ..] && (IsDecimal(host) || _quad.IsMatch(host) || _hexHost.IsMatch(host));

    // The one label of a host, without "www." in front; null where there are more.
    private static string? BareName(string host)
    {
        var name = host.StartsWith("www.", StringComparison.Ordinal) ? host[4..] : host;
        return name.Length > 0 && !name.Contains('.') ? name : null;
    }

    private static string Octet(string text)
    {
        var dot = text.EndsWith('.') ? "." : "";
        var digits = text.TrimEnd('.');
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            digits = ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                ? value.ToString(CultureInfo.InvariantCulture)
                : digits;
        }

        digits = _octal.Replace(digits, m => Convert.ToInt32(m.Groups[1].Value, 8).ToString(CultureInfo.InvariantCulture));
        return digits.TrimStart('0') + dot;
    }

    private static string Dotted(uint address) => $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";
}

/// <summary>
/// Escapes of a URI undone where they hide printable characters, and made where a character needs one (Util.pm, url_encode).
/// </summary>
internal static class UrlEncoding
{
    public static string Normalize(string uri)
    {
        var text = new StringBuilder(uri.Length);
        for (var i = 0; i < uri.Length; i++)
        {
            var c = uri[i];
            if (c == '%' && i + 2 < uri.Length && char.IsAsciiHexDigit(uri[i + 1]) && char.IsAsciiHexDigit(uri[i + 2]))
            {
                var value = int.Parse(uri.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                _ = value is > 0x20 and < 0x7f ? text.Append((char)value) : text.Append(uri, i, 3);
                i += 2;
            }
            else if (c is <= ' ' or '\x7f' or '"' or '%' or '<' or '>' || Octets.IsHigh(c))
            {
                text.Append('%').Append(((byte)c).ToString("x2", CultureInfo.InvariantCulture));
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }
}
