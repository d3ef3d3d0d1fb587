using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Mime;

/// <summary>
/// A Content-Type as SpamAssassin reads it (Util.pm, parse_content_type): lenient, and text of unknown subtypes is plain text.
/// </summary>
/// <param name="Type">Lower case, never empty.</param>
/// <param name="Boundary">Of a multipart.</param>
/// <param name="Charset">As declared.</param>
/// <param name="Name">File name.</param>
/// <param name="Missing">The header was absent or empty.</param>
internal readonly record struct ContentTypeLine(string Type, string? Boundary, string? Charset, string? Name, bool Missing)
{
    private static readonly PerlRegex _boundary = new(
        "\\bboundary\\s*=\\s*(?:(?<1>\"[^\"]+)|(?<1>[^\\s\";]+)(?:[\\s;]|$))", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _charset = new("\\bcharset\\s*=\\s*[\"']?(.*?)(?:[\"'](?:;|$)|;|$)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _name = new("\\b(?:|file)name\\s*=\\s*[\"']?(.*?)(?:[\"'](?:;|$)|;|$)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _splitName = new(
        "\\b(?:|file)name\\*(\\d{1,4})\\s*=\\s*[\"']?(.*?)(?:[\"'](?:;|$)|;|$)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _typeOnly = new("^([^/]+(?:/[^/\\s]*)?).*$", RegexOptions.Singleline);

    private static readonly ContentTypeLine _none = Read("");

    public static ContentTypeLine Parse(string header) => header.Length == 0 ? _none : Read(header);

    private static ContentTypeLine Read(string header)
    {
        var missing = header.Length == 0;
        var text = missing ? "text/plain; charset=us-ascii" : header;
        var boundary = Group(_boundary, text)?.Replace("\"", "", StringComparison.Ordinal);
        var name = Group(_name, text);
        if (string.IsNullOrEmpty(name))
        {
            name = JoinParts(text) ?? name;
        }

        var type = text.TrimStart();
        var semicolon = type.IndexOf(';', StringComparison.Ordinal);
        type = semicolon < 0 ? type : type[..semicolon];
        type = _typeOnly.Replace(type, "$1").ToLowerInvariant();
        missing |= type.Length == 0;
        if (type.Length == 0 || (IsText(type) && type is not ("text/x-vcard" or "text/calendar" or "text/html")))
        {
            type = "text/plain";
        }

        return new ContentTypeLine(string.Concat(type.Where(IsTypeCharacter)), boundary, Group(_charset, text), name, missing);
    }

    private static bool IsText(string type) =>
        type.StartsWith("text", StringComparison.Ordinal) && (type.Length == 4 || !(char.IsAsciiLetterOrDigit(type[4]) || type[4] == '_'));

    private static bool IsTypeCharacter(char c) =>
        c is > ' ' and < '\x7f' and not ('"' or '(' or ')' or ',' or ':' or ';' or '<' or '=' or '>' or '?' or '@' or '[' or '\\' or ']');

    private static string? JoinParts(string text)
    {
        var parts = new SortedDictionary<int, string>();
        foreach (var match in _splitName.Matches(text))
        {
            parts[int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)] = match.Groups[2].Value;
        }

        return parts.Count == 0 ? null : string.Concat(parts.Values);
    }

    private static string? Group(PerlRegex regex, string text) =>
        regex.Match(text) is { Success: true } match ? match.Groups[1].Value : null;
}
