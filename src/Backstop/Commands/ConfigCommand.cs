using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using Backstop.Configuration;
using Backstop.Server.Web;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary>
/// The verb <c>config</c>: prints the manual of the configuration, checks a file, makes secrets for it.
/// </summary>
internal static class ConfigCommand
{
    private const int MinPassword = 10;
    private const int TokenLength = 32;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A configuration file." };
        var check = new Command("check", "Check a configuration, and print every error with file:line:column.") { file };
        check.SetAction(parsed =>
        {
            var (path, warnings) = (parsed.GetValue(file)!, new List<ConfigError>());
            CommonOptions.Read(path, warnings);
            if (warnings.Count > 0)
            {
                throw CommonOptions.Wrong(path, warnings);
            }

            Console.WriteLine($"{path}: ok");
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
        var password = new Command(
            "password", "Make the hash for web.password: it asks for the password, or reads a line from stdin.");
        password.SetAction(async (_, ct) =>
        {
            var text = await ReadPasswordAsync(ct);
            if (text.Length < MinPassword)
            {
                throw new CommandException(
                    ExitCode.Usage,
                    $"config password: the password is too short; give at least {MinPassword} characters");
            }

            Console.WriteLine($"web.password = \"{PasswordHash.Make(text)}\"");
            return ExitCode.Done;
        });
        var token = new Command("token", "Make a token for classify.token, which a ticket system must send with each request.");
        token.SetAction(_ =>
        {
            Console.WriteLine($"classify.token = \"{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenLength))}\"");
            return ExitCode.Done;
        });
        return new("config", "Explain or check the configuration, or make a password or token for it.") { check, show, password, token };
    }

    private static async Task<string> ReadPasswordAsync(CancellationToken ct) => Console.IsInputRedirected
        ? await Console.In.ReadLineAsync(ct) ?? ""
        : await new TextPrompt<string>("Password:").Secret().ShowAsync(AnsiConsole.Console, ct);
}
