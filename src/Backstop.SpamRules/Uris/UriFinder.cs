using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Uris;

/// <summary>A URI in running text, as a mail reader would make a link of it.</summary>
internal readonly record struct FoundUri(string Uri, IReadOnlyList<string> Types);

/// <summary>
/// Finds URIs in plain text where Thunderbird would (PerMsgStatus.pm, _tbirdurire): with a scheme, mail addresses, and
/// host names under a known top-level domain. One pass a line; each start is tried in time linear in the length of its URI.
/// </summary>
internal sealed class UriFinder(RegistryBoundaries boundaries)
{
    private const int MaxTail = 2048;
    private const int MaxMailPart = 251;

    private static readonly string[] _parsed = ["parsed"];
    private static readonly string[] _parsedSchemeless = ["parsed", "schemeless"];
    private static readonly string[] _parsedUnlinked = ["parsed", "unlinked", "schemeless"];

    private static readonly char[] _punctuation = [.. "-~!@#^&*()_+=:;'?,."];
    private static readonly PerlRegex _closing = new(@"(^[^(]*)\).*$");
    private static readonly PerlRegex _contentId = new("^[cm]id:", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _schemeOnly = new(@"^\w+:/{0,2}$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _known = new("^(?:https?|ftp|mailto):", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _www = new(@"^www\d{0,2}\.", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _pathAt = new("/.+@");
    private static readonly PerlRegex _mailHost = new(@"@.+?\.");
    private static readonly PerlRegex _mailPrefix = new("^(?:skype|e?-?mail)?:+", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _escape = new("%[0-9a-f]{2}", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _afterAt = new("@([^?&>]*)");

    public IEnumerable<FoundUri> Find(IReadOnlyList<string> lines)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            MessageBudget.Charge(line.Length);
            var at = 0;
            var mailAt = line.IndexOf('@', StringComparison.Ordinal);
            while (TryNext(line, at, ref mailAt, out var start, out var end, out var isMail, out var host))
            {
                at = end;
                var raw = _closing.Replace(line[start..end], "$1").TrimEnd(_punctuation);
                if (seen.Add(raw) && Interpret(raw, isMail, host) is { } found)
                {
                    yield return found;
                }
            }
        }
    }

    private FoundUri? Interpret(string raw, bool isMail, string? host)
    {
        if ((isMail && !raw.Contains('@')) || (host is not null && !RegistryBoundaries.IsFullyQualified(host))
            || _contentId.IsMatch(raw) || _schemeOnly.IsMatch(raw))
        {
            return null;
        }

        var (uri, types) = _known.IsMatch(raw) ? (raw, _parsed) : AddScheme(raw);
        if (uri is null)
        {
            return null;
        }

        if (uri.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
        {
            uri = _escape.IsMatch(uri) ? UrlEncoding.Normalize(uri) : uri;
            if (_afterAt.Match(uri) is not { Success: true } at)
            {
                return null;
            }

            var domain = at.Groups[1].Value;
            while (domain.EndsWith("%20", StringComparison.Ordinal))
            {
                domain = domain[..^3];
            }

            if (!boundaries.IsValid(domain))
            {
                return null;
            }
        }

        return new FoundUri(uri, types);
    }

    private static (string? Uri, string[] Types) AddScheme(string raw)
    {
        if (raw.StartsWith("ftp.", StringComparison.OrdinalIgnoreCase))
        {
            return ("ftp://" + raw, _parsedSchemeless);
        }

        if (_www.IsMatch(raw) || _pathAt.IsMatch(raw))
        {
            return ("http://" + raw, _parsedSchemeless);
        }

        if (raw.Contains('@'))
        {
            return _mailHost.IsMatch(raw) && !raw.Contains("&nbsp;", StringComparison.Ordinal)
                ? ("mailto:" + _mailPrefix.Replace(raw, ""), _parsedSchemeless)
                : (null, _parsed);
        }

        return raw.Contains('.') ? ("http://" + raw, _parsedUnlinked) : (null, _parsed);
    }

    private bool TryNext(string line, int from, ref int at, out int start, out int end, out bool isMail, out string? host)
    {
        (end, isMail, host) = (0, false, null);
        at = at >= 0 && at < from ? line.IndexOf('@', from) : at;
        var mailStart = at < 0 ? int.MaxValue : MailStart(line, at, from);
        for (start = from; start < line.Length; start++)
        {
            if (at >= 0 && start > at)
            {
                at = line.IndexOf('@', start);
                mailStart = at < 0 ? int.MaxValue : MailStart(line, at, start);
            }

            if (!MayStart(line, start))
            {
                continue;
            }

            if (TrySchemed(line, start, out end))
            {
                return true;
            }

            if (TryMail(line, start, at, mailStart, out end))
            {
                isMail = true;
                return true;
            }

            if (TryHost(line, start, out end, out host))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TrySchemed(string line, int start, out int end)
    {
        end = start;
        var rest = line.AsSpan(start);
        var prefix = Starts(rest, "http://") ? 7
            : Starts(rest, "https://") ? 8
            : Starts(rest, "ftp://") ? 6
            : Starts(rest, "ftp.") ? 4
            : WwwLength(rest);
        if (prefix == 0)
        {
            return false;
        }

        end = start + prefix;
        while (end < line.Length && end - start - prefix < MaxTail && !IsEnd(line[end]))
        {
            end++;
        }

        return end > start + prefix && (end == line.Length || IsEnd(line[end]));
    }

    private static bool TryMail(string line, int start, int at, int mailStart, out int end)
    {
        end = start;
        if (Starts(line.AsSpan(start), "mailto:"))
        {
            end = MailEnd(line, start + 7, MaxTail);
            if (end > start + 7 && (end == line.Length || IsMailEnd(line[end])))
            {
                return true;
            }
        }

        if (at <= start || start < mailStart || at - start > MaxMailPart)
        {
            return false;
        }

        end = MailEnd(line, at + 1, MaxMailPart);
        return end > at + 1 && (end == line.Length || IsMailEnd(line[end]));
    }

    private static int MailEnd(string line, int from, int max)
    {
        var end = from;
        while (end < line.Length && end - from < max && !IsMailEnd(line[end]))
        {
            end++;
        }

        return end;
    }

    private bool TryHost(string line, int start, out int end, out string? host)
    {
        (end, host) = (start, null);
        if (!char.IsAsciiLetterOrDigit(line[start]) || (start > 0 && !IsHostStart(line[start - 1])))
        {
            return false;
        }

        var run = start;
        while (run < line.Length && run - start < MaxMailPart + 64 && IsHostCharacter(line[run]))
        {
            run++;
        }

        for (var stop = run; stop > start + 1; stop--)
        {
            if (EndsTopLevel(line, start, stop) && TryAfterHost(line, stop, out end))
            {
                host = line[start..stop];
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a known top-level domain ends here.</summary>
    private bool EndsTopLevel(string line, int start, int stop)
    {
        if (stop < line.Length && (char.IsAsciiLetterOrDigit(line[stop]) || line[stop] == '-'
            || (line[stop] == '.' && stop + 1 < line.Length && char.IsAsciiLetterOrDigit(line[stop + 1]))))
        {
            return false;
        }

        var dot = line.LastIndexOf('.', stop - 1, stop - start);
        return dot > start && dot < stop - 1 && dot - start <= MaxMailPart + 1
            && boundaries.IsTopLevel(line.AsSpan(dot + 1, stop - dot - 1));
    }

    private static bool TryAfterHost(string line, int stop, out int end)
    {
        foreach (var after in line.Length > stop && line[stop] == '.' ? new[] { stop + 1, stop } : [stop])
        {
            end = after;
            if (end < line.Length && line[end] == ':')
            {
                var digits = end + 1;
                while (digits < line.Length && digits - end <= 5 && char.IsAsciiDigit(line[digits]))
                {
                    digits++;
                }

                end = digits > end + 1 ? digits : end;
            }

            if (end < line.Length && line[end] == '/')
            {
                var path = end + 1;
                while (path < line.Length && path - end <= MaxTail && !IsEnd(line[path]))
                {
                    path++;
                }

                end = path > end + 1 ? path : end;
            }

            if (end == line.Length || IsEnd(line[end]))
            {
                return true;
            }
        }

        end = stop;
        return false;
    }

    /// <summary>The first start from which only characters of a local-part lead to that <c>@</c>.</summary>
    private static int MailStart(string line, int at, int from)
    {
        var start = at;
        while (start > from && line[start - 1] != '@' && !IsMailEnd(line[start - 1]))
        {
            start--;
        }

        return start;
    }

    /// <summary>Whether a URI may start here: at a word boundary, or behind a delimiter or a shift sequence of ISO-2022.</summary>
    private static bool MayStart(string line, int at)
    {
        var before = at > 0 && IsWord(line[at - 1]);
        return before != IsWord(line[at])
            || (at > 0 && IsDelimiter(line[at - 1]))
            || (at > 2 && line[at - 3] == '\x1b' && line[at - 2] == '(');
    }

    private static bool IsDelimiter(char c) =>
        c is '>' or '<' or '"' or '\'' or '`' or ',' or '{' or '[' or '(' or '|' or '\x1b' or '\uE0A0' || IsSpace(c);

    private static int WwwLength(ReadOnlySpan<char> rest)
    {
        if (!Starts(rest, "www"))
        {
            return 0;
        }

        var length = 3;
        while (length < 5 && length < rest.Length && char.IsAsciiDigit(rest[length]))
        {
            length++;
        }

        return length < rest.Length && rest[length] == '.' ? length + 1 : 0;
    }

    private static bool Starts(ReadOnlySpan<char> text, string prefix) => text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);

    private static bool IsEnd(char c) =>
        c is '>' or '<' or '"' or '`' or '}' or ']' or '{' or '[' or '|' or '\x1b' or '\uE0A0' || IsSpace(c);

    private static bool IsMailEnd(char c) => IsEnd(c) || c is ',' or '(' or '\'' || Octets.IsHigh(c);

    private static bool IsHostStart(char c) =>
        c is '!' or '"' or '#' or '$' or '&' or '\'' or '(' or ')' or '*' or '+' or ',' or '/' or ':' or ';' or '<' or '='
            or '>' or '?' or '@' or '[' or '\\' or ']' or '^' or '`' or '{' or '|' or '}' or '~' or '\x1b' or '\uE0A0' || IsSpace(c);

    private static bool IsHostCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v';
}
