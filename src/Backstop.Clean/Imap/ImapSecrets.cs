using System.Diagnostics;

namespace Backstop.Clean.Imap;

/// <summary>How an IMAP server is reached, beside its address.</summary>
/// <param name="Secrets">Finds the password or token of a user.</param>
/// <param name="CaFile">A PEM file with the certificates to trust beside the system's; null for none.</param>
public sealed record ImapAccess(ImapSecrets Secrets, string? CaFile);

/// <summary>
/// Finds the password or token of a user: in BACKSTOP_IMAP_TOKEN, in BACKSTOP_IMAP_PASSWORD, from the command in
/// BACKSTOP_IMAP_PASSWORD_COMMAND, or by asking. Several connections of one run ask once.
/// </summary>
/// <param name="ask">Asked for the password where none of these variables is set; null where nobody can be asked.</param>
/// <param name="time">The clock that the command is timed by.</param>
public sealed class ImapSecrets(Func<ImapAddress, CancellationToken, Task<string>>? ask, TimeProvider time)
{
    private static readonly TimeSpan _commandLimit = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, ImapSecret> _known = new(StringComparer.Ordinal);

    /// <summary>Finds it. To be asked before anything is connected, so that what is missing is said at once.</summary>
    /// <param name="address">The server and the user.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="CleanException">There is none, or the command fails.</exception>
    internal async Task<ImapSecret> OfAsync(ImapAddress address, CancellationToken ct)
    {
        var key = $"{address.User}@{address.Host}:{address.Port}";
        if (!_known.TryGetValue(key, out var secret))
        {
            _known[key] = secret = await FindAsync(address, ct);
        }

        return secret;
    }

    private async Task<ImapSecret> FindAsync(ImapAddress address, CancellationToken ct) =>
        Environment.GetEnvironmentVariable(ImapSecret.TokenVariable) is { Length: > 0 } token ? new(token, true)
        : Environment.GetEnvironmentVariable(ImapSecret.PasswordVariable) is { Length: > 0 } given ? new(given, false)
        : Environment.GetEnvironmentVariable(ImapSecret.CommandVariable) is { Length: > 0 } command ? new(
        await FromCommandAsync(command, ct), false)
        : ask is null ? throw new CleanException(
        CleanFailure.Usage,
        $"{address}: no password: set {ImapSecret.PasswordVariable}, {ImapSecret.CommandVariable} or {ImapSecret.TokenVariable}")
        : new(await ask(address, ct), false);

    // Its first line, as password managers print it. It may ask the person at the terminal for a passphrase: so it stays in our process
    // group with our standard input and error, which a program of ProgramRunner does not; a group in the background is stopped when
    // it reads.
    private async Task<string> FromCommandAsync(string command, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(_commandLimit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        using var process = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 && line is { Length: > 0 }
                ? line
                : throw new CleanException(
                CleanFailure.Unavailable,
                $"{ImapSecret.CommandVariable}: the command ended with {process.ExitCode} and "
                    + $"{(line is { Length: > 0 } ? "a line" : "no line")}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new CleanException(
                CleanFailure.Unavailable,
                $"{ImapSecret.CommandVariable}: the command took longer than {_commandLimit.TotalSeconds:F0} s");
        }
    }
}
