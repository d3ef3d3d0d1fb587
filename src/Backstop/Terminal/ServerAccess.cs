using Backstop.Clean.Imap;
using Spectre.Console;

namespace Backstop.Terminal;

/// <summary>
/// Makes the access to an IMAP server from a terminal, where the person can be asked for the password.
/// </summary>
internal static class ServerAccess
{
    /// <summary>Returns the access.</summary>
    /// <param name="caFile">A PEM file of certificates to trust in addition to the system's; null for none.</param>
    public static ImapAccess Of(string? caFile) => new(new(Console.IsInputRedirected ? null : AskAsync, TimeProvider.System), caFile);

    private static Task<string> AskAsync(ImapAddress address, CancellationToken ct) =>
        new TextPrompt<string>($"Password of {Markup.Escape(address.User)} at {address.Host}:").Secret().ShowAsync(AnsiConsole.Console, ct);
}
