using System.Diagnostics;

namespace Backstop.Setup;

/// <summary>Runs the mail server's own tools: its configuration is read and written by nobody else.</summary>
internal static class SetupProgram
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="CommandException">It is not there, or takes too long.</exception>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(_limit, TimeProvider.System);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        using var process = new Process { StartInfo = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false } };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new CommandException(ExitCode.Unavailable, $"{program}: {error.Message}. Is the server installed, and /usr/sbin on the PATH?");
        }

        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, (await output).TrimEnd(), (await errors).TrimEnd());
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new CommandException(ExitCode.Unavailable, $"{program} took longer than {_limit.TotalSeconds:F0} s");
        }
    }

    /// <summary>Runs a program that must succeed; what it printed.</summary>
    /// <exception cref="CommandException">It does not.</exception>
    public static async Task<string> MustAsync(string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        var list = arguments.ToList();
        var (code, output, errors) = await RunAsync(program, list, ct);
        return code == 0 ? output : throw new CommandException(ExitCode.Unavailable, $"{program} {string.Join(' ', list)}: {(errors.Length > 0 ? errors : output)}");
    }
}
