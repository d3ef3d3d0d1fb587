using System.CommandLine;
using System.Net;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Setup;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>The options that <c>setup</c> has for every server, and what they have in common.</summary>
internal sealed class SetupOptions
{
    private const string DefaultConfig = "/etc/backstop/backstop.toml";

    /// <summary>What --prepare does for servers whose files are not written.</summary>
    public const string PrepareAlone =
        "Make Backstop's configuration and key if they do not exist; leave the mail server alone.";

    /// <summary>Write to the other server's files.</summary>
    public Option<bool> Apply { get; } = new("--apply")
    {
        Description = "Write the lines, and keep copies of the old files. Backstop must have a key and run before: see --prepare."
    };

    public Option<bool> Undo { get; } = new("--undo") { Description = "Remove the lines." };

    public Option<bool> Check { get; } = new("--check")
    {
        Description = "Ask the running Backstop, send one genuine and two forged bounces through the mail server, and report what "
            + "became of them."
    };

    public Option<bool> Prepare { get; } = new("--prepare")
    {
        Description = PrepareAlone + " Comes before --apply."
    };

    public Option<string> Config { get; } = new("--config")
    {
        Description = "Backstop's configuration.",
        HelpName = "FILE",
        DefaultValueFactory = _ => DefaultConfig
    };

    public Option<string> Smtp { get; } = new("--smtp")
    {
        Description = "The loopback address at which the server takes mail from the Internet.",
        HelpName = "HOST:PORT",
        DefaultValueFactory = _ => "127.0.0.1:25"
    };

    public Option<string?> Recipient { get; } = new("--recipient")
    {
        Description = "The mailbox that --check sends its bounces to.",
        HelpName = "ADDR"
    };

    public Option<string[]> Domain { get; } = new("--domain")
    {
        Description = "A domain that the server receives mail for, besides those that can be read in its configuration. May be repeated.",
        HelpName = "DOMAIN"
    };

    /// <summary>Makes the verb with all of them.</summary>
    public Command Make(string name, string description, Option<string>? folder = null)
    {
        var command = new Command(name, description) { Prepare, Apply, Undo, Check, Config, Domain, Smtp, Recipient };
        if (folder is not null)
        {
            command.Add(folder);
        }

        return command;
    }

    /// <summary>The domains that were named.</summary>
    public IReadOnlyList<string> Domains(ParseResult parsed)
    {
        var domains = parsed.GetValue(Domain) ?? [];
        return domains.FirstOrDefault(d => !MailAddress.IsDomain(d)) is { } wrong
            ? throw new CommandException(ExitCode.Usage, $"--domain {wrong}: not a domain; write one such as example.org")
            : domains;
    }

    /// <summary>Backstop's configuration, where it exists already.</summary>
    public BackstopOptions? Existing(ParseResult parsed) =>
        File.Exists(parsed.GetValue(Config)) ? CommonOptions.Read(parsed.GetValue(Config)!) : null;

    /// <summary>
    /// Prints Backstop's own configuration; with <c>--prepare</c> or <c>--apply</c> also makes it and a key, where they do not exist.
    /// </summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="text">The configuration.</param>
    /// <param name="domains">The domains in it; where there are none, nothing is made.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task OwnAsync(ParseResult parsed, string text, DomainList domains, CancellationToken ct)
    {
        var config = parsed.GetValue(Config)!;
        var file = ShellWords.Quote(config);
        var makes = parsed.GetValue(Prepare) || parsed.GetValue(Apply);
        var isThere = File.Exists(config);
        if (makes && !isThere && domains.Names.Count == 0)
        {
            throw new CommandException(ExitCode.Usage, "no domain of the mail server could be read" + Unread(domains)
                + "; name each with --domain example.org. Nothing was written");
        }

        var written = makes && await new OwnSide(config).WriteAsync(text, ct);
        Console.WriteLine(
            $"{config}{(isThere ? " exists already, and stays as it is; a new one would say:" : written ? ", written:" : ":")}\n"
                + text.TrimEnd());
        Console.WriteLine(domains.Names.Count == 0 ? $"# no domain could be read{Unread(domains)}: name each with --domain example.org"
            : domains.Unread.Count > 0 ? $"# there may be more domains{Unread(domains)}: write them into domains" : "");
        var missing = isThere ? domains.Names.Except(CommonOptions.Read(config).Domains, StringComparer.OrdinalIgnoreCase).ToList() : [];
        if (missing.Count > 0)
        {
            Console.WriteLine($"# mail for {string.Join(", ", missing)} is neither judged nor signed: not in its domains");
        }

        if (makes)
        {
            var key = OwnSide.MakeKey(CommonOptions.Read(config));
            Console.WriteLine($"{(key is null ? "" : $"{key}: made a key to sign with\n")}then start it: backstop serve --config {file}");
        }
        else
        {
            Console.WriteLine(
                $"make it and a key: backstop setup {parsed.CommandResult.Command.Name} --prepare{Given(parsed)}; "
                    + $"then start it: backstop serve --config {file}");
        }
    }

    /// <summary>The given options that the next command takes as well.</summary>
    public string Given(ParseResult parsed, params Option[] more) => GivenOptions.Of(parsed, [Config, Domain, .. more]);

    /// <summary>Tries Backstop and the mail server.</summary>
    public async Task<int> CheckAsync(ParseResult parsed, CancellationToken ct)
    {
        var (config, smtp) = (parsed.GetValue(Config)!, parsed.GetValue(Smtp)!);
        var options = CommonOptions.Read(config);
        if (!IPEndPoint.TryParse(smtp, out var server) || !IPAddress.IsLoopback(server.Address) || server.Port == 0)
        {
            throw new CommandException(
                ExitCode.Usage, $"--smtp {smtp}: not a loopback address with a port; give one such as 127.0.0.1:25");
        }

        var address = MailAddress.TryParse(parsed.GetValue(Recipient) ?? options.Mailboxes.Keys.FirstOrDefault() ?? "")
            ?? throw new CommandException(
                ExitCode.Usage,
                "--recipient: no mailbox is given; name a mailbox of the server to send the bounces to");
        return await SetupCheck.RunAsync(options, config, server, address, ct);
    }

    private static string Unread(DomainList domains) =>
        domains.Unread.Count == 0 ? "" : $" ({string.Join(", ", domains.Unread)} cannot be listed)";
}
