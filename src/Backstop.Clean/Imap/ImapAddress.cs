using System.Globalization;

namespace Backstop.Clean.Imap;

/// <summary>A mailbox on an IMAP server, as written on the command line: <c>imaps://user@host[:port][/Folder]</c>.</summary>
/// <param name="User">The user, percent-decoded: an @ in it is written %40, or as it is.</param>
/// <param name="Host">The server.</param>
/// <param name="Port">993 for imaps, 143 for imap.</param>
/// <param name="IsTls">Encrypted from the first octet; otherwise through STARTTLS.</param>
/// <param name="Folder">The folder, or empty to find it.</param>
internal sealed record ImapAddress(string User, string Host, int Port, bool IsTls, string Folder)
{
    private const string Scheme = "imap://";
    private const string TlsScheme = "imaps://";

    /// <summary>Whether the text means a server rather than a file.</summary>
    public static bool Is(string text) =>
        text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || text.StartsWith(TlsScheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads it.</summary>
    /// <exception cref="CleanException">It is none; says why.</exception>
    public static ImapAddress Parse(string text)
    {
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
            throw new CleanException(CleanFailure.Usage, $"{Scheme}...: no password on the command line, where others can read it: set {ImapSecret.PasswordVariable}");
        }

        var host = authority[(at + 1)..];
        var port = isTls ? 993 : 143;
        var colon = host.LastIndexOf(':');
        if (colon > 0 && !host.EndsWith(']') && (!int.TryParse(host[(colon + 1)..], CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535))
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

    /// <summary>For people.</summary>
    public override string ToString() => $"{(IsTls ? TlsScheme : Scheme)}{User}@{Host}:{Port}/{Folder}";
}
