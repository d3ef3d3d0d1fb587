using System.CommandLine;
using Backstop.Manual;

namespace Backstop.Commands;

/// <summary>The hidden verb <c>man-pages</c>: writes the manual pages into a folder. A package is built with it.</summary>
internal static class ManPagesCommand
{
    public static Command Create(RootCommand root)
    {
        var folder = new Argument<string>("DIR") { Description = "The folder, which is made where it is missing." };
        var command = new Command("man-pages", "Write the manual pages.") { folder };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var directory = Directory.CreateDirectory(parsed.GetValue(folder)!);
            foreach (var (name, text) in ManPages.All(root))
            {
                File.WriteAllText(Path.Combine(directory.FullName, name), text);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
