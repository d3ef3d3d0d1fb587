using System.CommandLine;
using Backstop.Server.Config;

namespace Backstop.Commands;

/// <summary><c>config</c>: the manual of the configuration, and a check of a file.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The configuration." };
        var check = new Command("check", "Check a configuration: every error with file:line:column.") { file };
        check.SetAction(parsed =>
        {
            CommonOptions.Read(parsed.GetValue(file)!);
            Console.WriteLine($"{parsed.GetValue(file)}: ok");
            return ExitCode.Done;
        });
        var show = new Command("keys", "Print every key with its default, unit and effect.");
        show.SetAction(_ =>
        {
            foreach (var line in ConfigManual.Lines())
            {
                Console.WriteLine(line);
            }

            return ExitCode.Done;
        });
        return new("config", "Explain or check the configuration.") { check, show };
    }
}
