namespace Backstop.Mail;

/// <summary>A media type with the parameters that structure depends on. RFC 2045 §5.1, read leniently.</summary>
/// <param name="MediaType">Type and subtype in lower case, such as <c>multipart/report</c>.</param>
/// <param name="Boundary">The boundary, or null.</param>
/// <param name="ReportType">RFC 6522 report-type in lower case, or null.</param>
/// <param name="Charset">The charset in lower case, or null.</param>
/// <param name="Name">The name parameter, where old mail keeps the file's name; or null.</param>
public sealed record ContentType(string MediaType, string? Boundary, string? ReportType, string? Charset, string? Name = null)
{
    /// <summary>The type of a part that states none (RFC 2045 §5.2).</summary>
    public static ContentType PlainText { get; } = new("text/plain", null, null, null);

    /// <summary>Whether the part contains other parts.</summary>
    public bool IsMultipart => Boundary is not null && MediaType.StartsWith("multipart/", StringComparison.Ordinal);

    /// <summary>Whether the part contains a message (RFC 2046 §5.2.1, RFC 6532 §3.7).</summary>
    public bool IsMessage => MediaType is "message/rfc822" or "message/global";

    /// <summary>Whether the part contains only the header of a message (RFC 6522 §4, RFC 6533 §5).</summary>
    public bool IsHeaderOnly =>
        MediaType is "text/rfc822-headers" or "text/rfc822-header" or "message/rfc822-headers" or "message/global-headers";

    /// <summary>Parses the body of a Content-Type field; a body that cannot be parsed counts as plain text.</summary>
    /// <param name="body">The unfolded field body.</param>
    public static ContentType Parse(string? body)
    {
        if (string.IsNullOrEmpty(body))
        {
            return PlainText;
        }

        var semicolon = body.IndexOf(';', StringComparison.Ordinal);
        var type = (semicolon < 0 ? body : body[..semicolon]).Trim().ToLowerInvariant();
        if (!type.Contains('/', StringComparison.Ordinal))
        {
            return PlainText;
        }

        return semicolon < 0
            ? new(type, null, null, null)
            : new(
            type, Parameter(body, "boundary"), Parameter(body, "report-type")?.ToLowerInvariant(),
            Parameter(body, "charset")?.ToLowerInvariant(), Parameter(body, "name"));
    }

    internal static string? Parameter(string body, string name)
    {
        for (var at = body.IndexOf(';', StringComparison.Ordinal); at >= 0 && at < body.Length; at = NextSemicolon(body, at + 1))
        {
            var rest = body.AsSpan(at + 1).TrimStart();
            if (!rest.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            rest = rest[name.Length..].TrimStart();
            if (rest.IsEmpty || rest[0] != '=')
            {
                continue;
            }

            rest = rest[1..].TrimStart();
            if (!rest.IsEmpty && rest[0] == '"')
            {
                var close = rest[1..].IndexOf('"');
                return close < 0 ? rest[1..].ToString() : rest[1..(close + 1)].ToString();
            }

            var end = rest.IndexOfAny(";\t ");
            return (end < 0 ? rest : rest[..end]).ToString();
        }

        return null;
    }

    // The next semicolon outside quotes, or -1.
    private static int NextSemicolon(string body, int from)
    {
        var quoted = false;
        for (var i = from; i < body.Length; i++)
        {
            quoted ^= body[i] == '"';
            if (body[i] == ';' && !quoted)
            {
                return i;
            }
        }

        return -1;
    }
}
