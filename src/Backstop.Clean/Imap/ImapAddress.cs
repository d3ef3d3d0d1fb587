using System.Globalization;

namespace Backstop.Clean.Imap;

/// <summary>
/// A folder on an IMAP server, as written on the command line: <c>imaps://user@host[:port][/Folder]</c>.
/// </summary>
/// <param name="User">The user's name, percent-decoded. An @ in it may be written as it is or as %40.</param>
/// <param name="Host">The server's name or IP address.</param>
/// <param name="Port">The port; default 993 for imaps, 143 for imap.</param>
/// <param name="IsTls">Whether the connection is encrypted from the first octet; otherwise STARTTLS encrypts
/// it.</param>
/// <param name="Folder">The folder; empty for the default one, INBOX or the Sent folder.</param>
public sealed record ImapAddress(string User, string Host, int Port, bool IsTls, string Folder)
{
    private const string Scheme = "imap://";
    private const string TlsScheme = "imaps://";

    /// <summary>Whether a text is an address of this form rather than a path.</summary>
    public static bool Is(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || text.StartsWith(TlsScheme, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Parses an address.</summary>
    /// <param name="text">A text for which <see cref="Is"/> returns true.</param>
    /// <exception cref="CleanException">The user, server or port is missing or wrong, or the address contains a
    /// password.</exception>
    public static ImapAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isTls = text.StartsWith(TlsScheme, StringComparison.OrdinalIgnoreCase);
        var rest = text[(isTls ? TlsScheme : Scheme).Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];

        // The last @ separates user and host, since users are often mail addresses.
        var at = authority.LastIndexOf('@');
        if (at <= 0)
        {
            throw new CleanException(CleanFailure.Usage, $"{text}: the user is missing; write imaps://USER@HOST/FOLDER");
        }

        var user = Uri.UnescapeDataString(authority[..at]);
        if (user.Contains(':', StringComparison.Ordinal))
        {
            throw new CleanException(
                CleanFailure.Usage,
                $"{(isTls ? TlsScheme : Scheme)}...: a password on the command line can be read by other users; "
                    + $"remove it and set {ImapSecret.PasswordVariable}");
        }

        var host = authority[(at + 1)..];
        var port = isTls ? 993 : 143;
        var colon = host.LastIndexOf(':');
        if (colon > 0 && !host.EndsWith(']')
            && (!int.TryParse(host[(colon + 1)..], CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535))
        {
            throw new CleanException(CleanFailure.Usage, $"{text}: {host[(colon + 1)..]} is not a port; give a number from 1 to 65535");
        }

        host = (colon > 0 && !host.EndsWith(']') ? host[..colon] : host).Trim('[', ']');
        return host.Length == 0
            ? throw new CleanException(CleanFailure.Usage, $"{text}: the server is missing; write imaps://USER@HOST/FOLDER")
            : new(user, host, port, isTls, slash < 0 ? "" : Uri.UnescapeDataString(rest[(slash + 1)..]).TrimEnd('/'));
    }

    /// <summary>
    /// Formats the address so that <see cref="Parse"/> reads it back, whatever characters the folder's name has.
    /// </summary>
    public string ToUri() => $"{(IsTls ? TlsScheme : Scheme)}{Uri.EscapeDataString(User)}@{Host}:{Port}/{Uri.EscapeDataString(Folder)}";

    /// <summary>Formats the address as a person writes it.</summary>
    public override string ToString() => $"{(IsTls ? TlsScheme : Scheme)}{User}@{Host}:{Port}/{Folder}";
}
