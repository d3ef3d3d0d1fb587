using System.Diagnostics;
using System.Text;

namespace Backstop.Clean.Imap;

/// <summary>What is needed to reach an IMAP server, apart from its address.</summary>
/// <param name="Secrets">Finds the password or token of a user.</param>
/// <param name="CaFile">A PEM file of certificates to trust in addition to the system's; null for none.</param>
public sealed record ImapAccess(ImapSecrets Secrets, string? CaFile);

/// <summary>
/// Finds the password or token of a user: in BACKSTOP_IMAP_TOKEN, in BACKSTOP_IMAP_PASSWORD, from the command in
/// BACKSTOP_IMAP_PASSWORD_COMMAND, or by asking. It is found once and used for all connections of a run.
/// </summary>
/// <param name="ask">Asks a person for the password where none of these variables is set; null where nobody can be
/// asked.</param>
/// <param name="time">The clock for the time limit of the command.</param>
public sealed class ImapSecrets(Func<ImapAddress, CancellationToken, Task<string>>? ask, TimeProvider time)
{
    private static readonly TimeSpan _commandLimit = TimeSpan.FromMinutes(1);

    // An OAuth token takes a few KiB.
    private const int MaxSecret = 64 << 10;

    private readonly Dictionary<string, ImapSecret> _known = new(StringComparer.Ordinal);

    /// <summary>
    /// Finds the password or token. Called before connecting, so that a missing one is reported at once.
    /// </summary>
    /// <param name="address">The server and the user.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="CleanException">There is no password, or the command fails.</exception>
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
        $"{address}: no password is set; set {ImapSecret.PasswordVariable}, {ImapSecret.CommandVariable} or {ImapSecret.TokenVariable}")
        : new(await ask(address, ct), false);

    // Takes the first line of the output, as password managers print the password there. The command may ask the person
    // at the terminal for a passphrase, so it stays in our process group and keeps our standard input and error. A
    // program of ProgramRunner has a group of its own, which the terminal stops when it reads.
    internal async Task<string> FromCommandAsync(string command, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(_commandLimit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        using var process = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            var line = await FirstLineAsync(process.StandardOutput.BaseStream, limit.Token);

            // A command that waits for somebody to read the rest of its output would never end. A program that it leaves
            // in the background, such as an agent, may keep the pipe open for ever, so only the command is waited for.
            _ = DropAsync(process.StandardOutput.BaseStream);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 && line is { Length: > 0 }
                ? line
                : throw new CleanException(
                CleanFailure.Unavailable,
                $"{ImapSecret.CommandVariable}: the command ended with exit code {process.ExitCode} and printed "
                    + $"{(line is { Length: > 0 } ? "a line" : "nothing on its first line")}; it must print the password and exit with 0");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CleanException(
                CleanFailure.Unavailable,
                $"{ImapSecret.CommandVariable}: the command did not end within {_commandLimit.TotalSeconds:F0} s");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task<string?> FirstLineAsync(Stream output, CancellationToken ct)
    {
        var line = new byte[MaxSecret];
        var length = 0;
        while (length < line.Length && line.AsSpan(0, length).IndexOf((byte)'\n') < 0)
        {
            var read = await output.ReadAsync(line.AsMemory(length), ct);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        var end = line.AsSpan(0, length).IndexOf((byte)'\n');
        return end < 0 && length == line.Length
            ? throw new CleanException(
                CleanFailure.Unavailable,
                $"{ImapSecret.CommandVariable}: the first line of the output is longer than {MaxSecret >> 10} KiB; "
                    + "the command must print the password")
            : Encoding.UTF8.GetString(line.AsSpan(0, end < 0 ? length : end)).TrimEnd('\r');
    }

    private static async Task DropAsync(Stream output)
    {
        try
        {
            await output.CopyToAsync(Stream.Null);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The pipe was closed; there is nothing left to drop.
        }
    }
}
