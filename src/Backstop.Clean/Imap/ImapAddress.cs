using System.Globalization;

namespace Backstop.Clean.Imap;

/// <summary>A mailbox on an IMAP server, as written on the command line: <c>imaps://user@host[:port][/Folder]</c>.</summary>
/// <param name="User">The user, percent-decoded: an @ in it is written %40, or as it is.</param>
/// <param name="Host">The server.</param>
/// <param name="Port">993 for imaps, 143 for imap.</param>
/// <param name="IsTls">Encrypted from the first octet; otherwise through STARTTLS.</param>
/// <param name="Folder">The folder, or empty to find it.</param>
public sealed record ImapAddress(string User, string Host, int Port, bool IsTls, string Folder)
{
    private const string Scheme = "imap://";
    private const string TlsScheme = "imaps://";

    /// <summary>Whether the text means a server rather than a file.</summary>
    /// <param name="text">A path or an address.</param>
    public static bool Is(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || text.StartsWith(TlsScheme, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads an address.</summary>
    /// <param name="text">A text of which <see cref="Is"/> is true.</param>
    /// <exception cref="CleanException">User, server or port is missing or wrong, or a password is in it.</exception>
    public static ImapAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isTls = text.StartsWith(TlsScheme, StringComparison.OrdinalIgnoreCase);
        var rest = text[(isTls ? TlsScheme : Scheme).Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];

        // The last @: users are often addresses.
        var at = authority.LastIndexOf('@');
        if (at <= 0)
        {
            throw new CleanException(CleanFailure.Usage, $"{text}: wants a user, such as imaps://me@example.org@imap.example.org/Sent");
        }

        var user = Uri.UnescapeDataString(authority[..at]);
        if (user.Contains(':', StringComparison.Ordinal))
        {
            throw new CleanException(
                CleanFailure.Usage,
                $"{Scheme}...: no password on the command line, where others can read it: set {ImapSecret.PasswordVariable}");
        }

        var host = authority[(at + 1)..];
        var port = isTls ? 993 : 143;
        var colon = host.LastIndexOf(':');
        if (colon > 0 && !host.EndsWith(']')
            && (!int.TryParse(host[(colon + 1)..], CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535))
        {
            throw new CleanException(CleanFailure.Usage, $"{text}: not a port: {host[(colon + 1)..]}");
        }

        host = (colon > 0 && !host.EndsWith(']') ? host[..colon] : host).Trim('[', ']');
        return host.Length == 0
            ? throw new CleanException(CleanFailure.Usage, $"{text}: wants a server")
            : new(user, host, port, isTls, slash < 0 ? "" : Uri.UnescapeDataString(rest[(slash + 1)..]).TrimEnd('/'));
    }

    /// <summary>The form that <see cref="Parse"/> reads, whatever the folder is called.</summary>
    public string ToUri() => $"{(IsTls ? TlsScheme : Scheme)}{Uri.EscapeDataString(User)}@{Host}:{Port}/{Uri.EscapeDataString(Folder)}";

    /// <summary>The address as a person writes it; never with a password.</summary>
    public override string ToString() => $"{(IsTls ? TlsScheme : Scheme)}{User}@{Host}:{Port}/{Folder}";
}
