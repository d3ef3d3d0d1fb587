namespace Backstop.Clean.Imap;

/// <summary>The password or token that logs a user in.</summary>
/// <param name="Text">The password or token itself.</param>
/// <param name="IsToken">Whether it is an OAuth 2 access token.</param>
internal sealed record ImapSecret(string Text, bool IsToken)
{
    /// <summary>The environment variable for the password, which may be an app password.</summary>
    public const string PasswordVariable = "BACKSTOP_IMAP_PASSWORD";

    /// <summary>
    /// The environment variable for a command that prints the password, such as <c>pass show mail</c>.
    /// </summary>
    public const string CommandVariable = "BACKSTOP_IMAP_PASSWORD_COMMAND";

    /// <summary>The environment variable for an OAuth 2 access token (RFC 7628, or XOAUTH2).</summary>
    public const string TokenVariable = "BACKSTOP_IMAP_TOKEN";

    /// <summary>Does not contain the secret, so that no log can show it.</summary>
    public override string ToString() => IsToken ? "a token" : "a password";
}
