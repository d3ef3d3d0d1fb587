using System.Text;
using Backstop.Posix.Programs;

namespace Backstop.Setup;

/// <summary>Runs the tools of the mail server. Only they read and write its configuration.</summary>
internal static class SetupProgram
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program and returns its exit code and output.</summary>
    /// <exception cref="CommandException">The program does not exist, or takes too long.</exception>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        try
        {
            var command = ProgramCommand.OfHost([program, .. arguments]) with { Errors = null, Limit = _limit };
            var end = await new ProgramRunner(TimeProvider.System).RunAsync(command, ct);
            return end.TimedOut
                ? throw new CommandException(ExitCode.Unavailable, $"{program} did not end within {_limit.TotalSeconds:F0} s")
                : (end.Status, Text(end.Output), Text(end.Errors));
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Unavailable, $"{error.Message}. Is the server installed, and /usr/sbin on the PATH?");
        }
    }

    /// <summary>Runs a program and returns its output.</summary>
    /// <exception cref="CommandException">The program does not exist, takes too long, or fails.</exception>
    public static async Task<string> MustAsync(string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        var list = arguments.ToList();
        var (code, output, errors) = await RunAsync(program, list, ct);
        return code == 0
            ? output
            : throw new CommandException(
            ExitCode.Unavailable, $"{program} {string.Join(' ', list)}: {(errors.Length > 0 ? errors : output)}");
    }

    private static string Text(ReadOnlyMemory<byte> output) => Encoding.UTF8.GetString(output.Span).TrimEnd();
}
