using System.Diagnostics;
using Spectre.Console;

namespace Backstop.Imap;

/// <summary>What logs a user in.</summary>
/// <param name="Text">A password or a token.</param>
/// <param name="IsToken">Whether it is an OAuth 2 access token.</param>
internal sealed record ImapSecret(string Text, bool IsToken)
{
    /// <summary>The password, or a password for this program alone.</summary>
    public const string PasswordVariable = "BACKSTOP_IMAP_PASSWORD";

    /// <summary>A command that prints the password, such as <c>pass show mail</c>.</summary>
    public const string CommandVariable = "BACKSTOP_IMAP_PASSWORD_COMMAND";

    /// <summary>An OAuth 2 access token (RFC 7628, or XOAUTH2).</summary>
    public const string TokenVariable = "BACKSTOP_IMAP_TOKEN";

    private static readonly TimeSpan _commandLimit = TimeSpan.FromMinutes(1);

    // Several connections of one run ask once.
    private static readonly Dictionary<string, ImapSecret> _known = new(StringComparer.Ordinal);

    /// <summary>Finds it: in the environment, from a command, or at the terminal. Asked for before anything is connected: what is missing is said at once.</summary>
    public static async Task<ImapSecret> OfAsync(ImapAddress address, CancellationToken ct)
    {
        var key = $"{address.User}@{address.Host}:{address.Port}";
        if (!_known.TryGetValue(key, out var secret))
        {
            _known[key] = secret = await FindAsync(address, ct);
        }

        return secret;
    }

    /// <summary>Does not show it where somebody prints the record.</summary>
    public override string ToString() => IsToken ? "a token" : "a password";

    private static async Task<ImapSecret> FindAsync(ImapAddress address, CancellationToken ct) =>
        Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? new(token, true)
        : Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } given ? new(given, false)
        : Environment.GetEnvironmentVariable(CommandVariable) is { Length: > 0 } command ? new(await FromCommandAsync(command, ct), false)
        : Console.IsInputRedirected ? throw new CommandException(ExitCode.Usage, $"{address}: no password: set {PasswordVariable}, {CommandVariable} or {TokenVariable}")
        : new(await new TextPrompt<string>($"Password of {Markup.Escape(address.User)} at {address.Host}:").Secret().ShowAsync(AnsiConsole.Console, ct), false);

    // Its first line, as password managers print it. What it says on stderr is for the person at the terminal.
    private static async Task<string> FromCommandAsync(string command, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(_commandLimit, TimeProvider.System);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 && line is { Length: > 0 }
                ? line
                : throw new CommandException(ExitCode.Unavailable, $"{CommandVariable}: the command ended with {process.ExitCode} and {(line is { Length: > 0 } ? "a line" : "no line")}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new CommandException(ExitCode.Unavailable, $"{CommandVariable}: the command took longer than {_commandLimit.TotalSeconds:F0} s");
        }
    }
}
