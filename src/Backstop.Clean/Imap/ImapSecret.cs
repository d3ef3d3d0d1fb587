namespace Backstop.Clean.Imap;

/// <summary>What logs a user in.</summary>
/// <param name="Text">A password or a token.</param>
/// <param name="IsToken">Whether it is an OAuth 2 access token.</param>
internal sealed record ImapSecret(string Text, bool IsToken)
{
    /// <summary>The environment's name for the password, or a password for this program alone.</summary>
    public const string PasswordVariable = "BACKSTOP_IMAP_PASSWORD";

    /// <summary>For a command that prints the password, such as <c>pass show mail</c>.</summary>
    public const string CommandVariable = "BACKSTOP_IMAP_PASSWORD_COMMAND";

    /// <summary>For an OAuth 2 access token (RFC 7628, or XOAUTH2).</summary>
    public const string TokenVariable = "BACKSTOP_IMAP_TOKEN";

    /// <summary>Does not show it where somebody prints the record.</summary>
    public override string ToString() => IsToken ? "a token" : "a password";
}
