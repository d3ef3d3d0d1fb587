using System.Buffers;

namespace Backstop.Configuration.Options;

/// <summary>
/// The name of a user whose mail is scored, as a client of spamd or the mail's recipient gives it. It becomes part of file names, so it
/// holds no slash, begins with no full stop, and is short.
/// </summary>
/// <param name="Text">The whole name.</param>
/// <param name="LocalPart">What stands before the last <c>@</c>; empty where there is none.</param>
/// <param name="Domain">What stands behind it; empty where there is none.</param>
internal sealed record SpamUserName(string Text, string LocalPart, string Domain)
{
    /// <summary>File names may have 255 octets, and what is set aside gets a time behind its name.</summary>
    private const int MaxLength = 128;

    // spamd --virtual-config-dir puts an underscore in place of other characters, so that a/b has the file of a_b.
    private static readonly SearchValues<char> _allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+_.,@=");

    /// <summary>Parses a name; null for one that may not be part of a file name.</summary>
    public static SpamUserName? TryParse(string text)
    {
        if (text.Length is 0 or > MaxLength || text.AsSpan().ContainsAnyExcept(_allowed) || text.Contains("..", StringComparison.Ordinal))
        {
            return null;
        }

        var at = text.LastIndexOf('@');
        var (local, domain) = at < 0 ? ("", "") : (text[..at], text[(at + 1)..]);
        return text[0] is '.' or '@' || (at >= 0 && (domain.Length == 0 || domain[0] == '.')) ? null : new(text, local, domain);
    }
}
