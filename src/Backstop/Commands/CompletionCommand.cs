using System.CommandLine;
using Backstop.Manual;

namespace Backstop.Commands;

/// <summary>The verb <c>completion</c>: prints the script by which a shell completes the command line.</summary>
internal static class CompletionCommand
{
    public static Command Create(RootCommand root)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong([.. Completions.Shells]);
        var command = new Command("completion", "Print a script that completes verbs, options and files in a shell.") { shell };
        command.SetAction(parsed =>
        {
            Console.Write(Completions.For(parsed.GetValue(shell)!, root));
            return ExitCode.Done;
        });
        return command;
    }
}
