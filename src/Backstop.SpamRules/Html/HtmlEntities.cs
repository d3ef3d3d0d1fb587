using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;

namespace Backstop.SpamRules.Html;

/// <summary>
/// Character references as Perl's HTML::Parser decodes them: names of the Latin-1 range need no semicolon, and in text
/// the longest such name that begins a word counts (<c>&amp;ampfoo</c>).
/// </summary>
internal static class HtmlEntities
{
    private const int LongestName = 8;

    private static readonly ConcurrentDictionary<string, string?> _names = new(StringComparer.Ordinal);

    public static string Decode(string text, bool expandPrefix)
    {
        var at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        var decoded = new StringBuilder(text.Length).Append(text, 0, at);
        while (at < text.Length)
        {
            if (text[at] == '&' && TryDecode(text, at, expandPrefix, out var replacement, out var end))
            {
                decoded.Append(replacement);
                at = end;
                continue;
            }

            var next = text.IndexOf('&', at + 1);
            next = next < 0 ? text.Length : next;
            decoded.Append(text, at, next - at);
            at = next;
        }

        return decoded.ToString();
    }

    private static bool TryDecode(string text, int at, bool expandPrefix, out string replacement, out int end)
    {
        replacement = "";
        end = at + 1;
        return end < text.Length && text[end] == '#'
            ? TryNumber(text, ref end, out replacement)
            : TryName(text, ref end, expandPrefix, out replacement);
    }

    private static bool TryNumber(string text, ref int end, out string replacement)
    {
        replacement = "";
        var hex = end + 1 < text.Length && text[end + 1] is 'x' or 'X';
        var start = end + (hex ? 2 : 1);
        var at = start;
        while (at < text.Length && (hex ? char.IsAsciiHexDigit(text[at]) : char.IsAsciiDigit(text[at])))
        {
            at++;
        }

        if (at == start || at - start > 8
            || !long.TryParse(
            text.AsSpan(start, at - start), hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture,
            out var number)
            || number is 0 or > 0x10FFFF)
        {
            return false;
        }

        replacement = number is >= 0xD800 and <= 0xDFFF ? "\uFFFD" : char.ConvertFromUtf32((int)number);
        end = at < text.Length && text[at] == ';' ? at + 1 : at;
        return true;
    }

    private static bool TryName(string text, ref int end, bool expandPrefix, out string replacement)
    {
        var start = end;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        var closed = end < text.Length && text[end] == ';';
        replacement = Lookup(text, start, end) ?? "";
        if (replacement.Length > 0 && (closed || replacement[0] <= '\xff'))
        {
            end += closed ? 1 : 0;
            return true;
        }

        for (var shorter = Math.Min(end - 1, start + LongestName); expandPrefix && shorter > start; shorter--)
        {
            if (Lookup(text, start, shorter) is { } prefix && prefix[0] <= '\xff')
            {
                (replacement, end) = (prefix, shorter);
                return true;
            }
        }

        return false;
    }

    private static string? Lookup(string text, int start, int end)
    {
        if (end - start is < 2 or > LongestName)
        {
            return null;
        }

        var name = text[start..end];
        return _names.Count > 4096 ? Find(name) : _names.GetOrAdd(name, Find);
    }

    private static string? Find(string name) =>
        WebUtility.HtmlDecode($"&{name};") is { Length: > 0 } found && found[0] != '&' | found.Length == 1 ? found : null;
}
