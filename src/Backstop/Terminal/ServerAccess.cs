using Backstop.Clean.Imap;
using Spectre.Console;

namespace Backstop.Terminal;

/// <summary>How an IMAP server is reached from a terminal: who sits there is asked for the password.</summary>
internal static class ServerAccess
{
    /// <summary>Makes it.</summary>
    /// <param name="caFile">The certificates to trust beside the system's; null for none.</param>
    public static ImapAccess Of(string? caFile) => new(new(Console.IsInputRedirected ? null : AskAsync, TimeProvider.System), caFile);

    private static Task<string> AskAsync(ImapAddress address, CancellationToken ct) =>
        new TextPrompt<string>($"Password of {Markup.Escape(address.User)} at {address.Host}:").Secret().ShowAsync(AnsiConsole.Console, ct);
}
