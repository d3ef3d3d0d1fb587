using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using Backstop.Configuration;
using Backstop.Server.Web;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>config</c>: the manual of the configuration, and a check of a file.</summary>
internal static class ConfigCommand
{
    private const int MinPassword = 10;
    private const int TokenLength = 32;

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
        var password = new Command(
            "password", "Make the hash for web.password: asks for the password, or reads a line from standard input.");
        password.SetAction(async (_, ct) =>
        {
            var text = await ReadPasswordAsync(ct);
            if (text.Length < MinPassword)
            {
                throw new CommandException(ExitCode.Usage, $"config password: a password has at least {MinPassword} characters");
            }

            Console.WriteLine($"web.password = \"{PasswordHash.Make(text)}\"");
            return ExitCode.Done;
        });
        var token = new Command("token", "Make a token for classify.token: what a ticket system proves itself with.");
        token.SetAction(_ =>
        {
            Console.WriteLine($"classify.token = \"{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenLength))}\"");
            return ExitCode.Done;
        });
        return new("config", "Explain or check the configuration, or make its password or token.") { check, show, password, token };
    }

    private static async Task<string> ReadPasswordAsync(CancellationToken ct) => Console.IsInputRedirected
        ? await Console.In.ReadLineAsync(ct) ?? ""
        : await new TextPrompt<string>("Password:").Secret().ShowAsync(AnsiConsole.Console, ct);
}
