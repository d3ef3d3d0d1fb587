using System.Globalization;

namespace Backstop.Mail;

/// <summary>A mailbox: local-part and domain, RFC 5321 §4.1.2. The local-part is kept without its quotes.</summary>
/// <remarks>
/// Invariant: parsing the result of <see cref="ToString"/> gives an equal address; it quotes the local-part where
/// necessary.
/// </remarks>
/// <param name="LocalPart">The text before the last @, unquoted, in its original case.</param>
/// <param name="Domain">A domain or an address literal in brackets; empty only for the bare postmaster.</param>
public sealed record MailAddress(string LocalPart, string Domain)
{
    /// <summary>The form in which addresses are compared: lower case, an internationalised domain as its A-label.</summary>
    public string Key => field ??= $"{LocalPart.ToLowerInvariant()}@{DomainKey(Domain)}";

    /// <summary>Parses <c>local@domain</c> as written in configuration files and on command lines.</summary>
    /// <param name="text">The address, without angle brackets.</param>
    /// <returns>The address, or null if the text is not an address.</returns>
    public static MailAddress? TryParse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text.Length > 2 && text[0] == '<' && text[^1] == '>')
        {
            text = text[1..^1];
        }

        var at = text.LastIndexOf('@');
        if (at <= 0 || at == text.Length - 1)
        {
            return null;
        }

        var local = text[..at];
        var domain = text[(at + 1)..];
        if (!IsDomain(domain) || local.IndexOfAny(" \t<>") >= 0 || local.ContainsAnyInRange('\0', '\x1f'))
        {
            return null;
        }

        return new(Unquote(local), domain.ToString());
    }

    /// <summary>
    /// Removes the detail (RFC 5233: user+detail) from a key, so that all addresses of one person compare equal.
    /// </summary>
    /// <param name="key">A <see cref="Key"/>.</param>
    internal static string KeyWithoutDetail(string key)
    {
        var plus = key.IndexOf('+', StringComparison.Ordinal);
        var at = key.LastIndexOf('@');
        return plus > 0 && plus < at ? key[..plus] + key[at..] : key;
    }

    /// <summary>
    /// Whether a local-part is one that every domain has: postmaster (RFC 5321 §4.5.1) or abuse (RFC 2142 §4).
    /// </summary>
    /// <param name="localPart">The text before the @.</param>
    internal static bool IsRoleName(string localPart) =>
        localPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase) || localPart.Equals("abuse", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the text is a syntactically valid domain or address literal.</summary>
    /// <param name="domain">The text behind the @.</param>
    public static bool IsDomain(ReadOnlySpan<char> domain)
    {
        if (domain.IsEmpty || domain.Length > 255)
        {
            return false;
        }

        if (domain[0] == '[')
        {
            return domain[^1] == ']' && domain.Length > 2;
        }

        if (domain[0] is '.' or '-' || domain[^1] is '.' or '-' || domain.IndexOf("..") >= 0)
        {
            return false;
        }

        foreach (var c in domain)
        {
            // RFC 5321 does not allow an underscore, but names of real hosts contain it.
            if (!char.IsLetterOrDigit(c) && c is not ('-' or '.' or '_') && !(c > 127 && !char.IsControl(c) && !char.IsWhiteSpace(c)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Returns the domain in the form in which domains are compared: lower case, and its A-label if it is
    /// internationalised (RFC 5890).
    /// </summary>
    /// <param name="domain">The domain as written.</param>
    public static string DomainKey(string domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (System.Text.Ascii.IsValid(domain))
        {
            return domain.ToLowerInvariant();
        }

        try
        {
            return new IdnMapping().GetAscii(domain).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return domain.ToLowerInvariant();
        }
    }

    /// <inheritdoc />
    public override string ToString()
    {
        var local = NeedsQuotes(LocalPart) ? Quote(LocalPart) : LocalPart;
        return Domain.Length == 0 ? local : $"{local}@{Domain}";
    }

    /// <summary>Whether both addresses have the same <see cref="Key"/>.</summary>
    /// <param name="other">The other address.</param>
    public bool Equals(MailAddress? other) => other is not null && string.Equals(Key, other.Key, StringComparison.Ordinal);

    /// <inheritdoc />
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    private static string Unquote(ReadOnlySpan<char> local)
    {
        if (local.Length < 2 || local[0] != '"' || local[^1] != '"')
        {
            return local.ToString();
        }

        return local[1..^1].ToString().Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
    }

    private static bool NeedsQuotes(string local)
    {
        if (local.Length == 0 || local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal))
        {
            return true;
        }

        foreach (var c in local)
        {
            // RFC 5321 §4.1.2 Atom; RFC 6531 §3.3 adds everything beyond ASCII.
            if (c <= 127 && !char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-/=?^_`{|}~.".Contains(c, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static string Quote(string local) =>
        $"\"{local.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
