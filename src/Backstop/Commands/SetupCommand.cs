using System.CommandLine;
using System.Net;
using Backstop.Mail;
using Backstop.Setup;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>The verb <c>setup</c>: adds Backstop to a mail server's configuration, and removes it.</summary>
internal static class SetupCommand
{
    private const string DefaultConfig = "/etc/backstop/backstop.toml";

    public static Command Create() =>
        new(
            "setup",
            "Put Backstop beside Postfix, Sendmail, Exim or Dovecot: print the lines to add, "
                + "write them with --apply and remove them with --undo (Postfix and Sendmail), test them with --check.")
    {
        Postfix(), Sendmail(),
        Printing(
            "exim", "Exim: asks the policy service at RCPT, and scans by spamd's protocol at DATA.",
            SetupTexts.EximConfig, SetupTexts.Exim),
        Printing("dovecot", "Dovecot: mail passes through Backstop (LMTP) on its way.", SetupTexts.DovecotConfig, SetupTexts.Dovecot),
    };

    private static Command Postfix()
    {
        var folder = new Option<string>("--config-dir")
        {
            Description = "The folder of Postfix's configuration.",
            HelpName = "DIR",
            DefaultValueFactory = _ => "/etc/postfix"
        };
        var (command, apply, undo, check, config, smtp, recipient) = Make(
            "postfix", "Postfix: adds a milter to those that are configured.", folder);
        command.SetAction(async (parsed, ct) =>
        {
            var setup = new PostfixSetup(parsed.GetValue(folder)!);
            if (parsed.GetValue(undo))
            {
                var done = await setup.UndoAsync(ct);
                Console.WriteLine(done.Count == 0 ? "nothing of Backstop was found in this configuration" : string.Join('\n', done));
                return ExitCode.Done;
            }

            var (domains, hasDetail) = (await setup.DomainsAsync(ct), await setup.HasDetailAsync(ct));
            var changes = await setup.PlanAsync(ct);
            if (!parsed.GetValue(check) || parsed.GetValue(apply))
            {
                await ShowAsync(parsed.GetValue(config)!, SetupTexts.Milter(domains, hasDetail), parsed.GetValue(apply), ct);
                Show(parsed.GetValue(folder)!, changes);
            }

            if (parsed.GetValue(apply) && changes.Count > 0)
            {
                await setup.ApplyAsync(changes, ct);
                Console.WriteLine(
                    "\nwritten; copies of the old files: *.before-backstop. To remove Backstop again: "
                        + $"backstop setup postfix --undo{GivenOptions.Of(parsed, [folder])}");
            }

            return parsed.GetValue(check)
                ? await CheckAsync(parsed.GetValue(config)!, parsed.GetValue(smtp)!, parsed.GetValue(recipient), ct)
                : ExitCode.Done;
        });
        return command;
    }

    private static Command Sendmail()
    {
        var folder = new Option<string>("--config-dir")
        {
            Description = "The folder with sendmail.mc.",
            HelpName = "DIR",
            DefaultValueFactory = _ => "/etc/mail"
        };
        var (command, apply, undo, check, config, smtp, recipient) = Make("sendmail", "Sendmail: adds a milter.", folder);
        command.SetAction(async (parsed, ct) =>
        {
            var setup = new SendmailSetup(parsed.GetValue(folder)!);
            if (parsed.GetValue(undo))
            {
                setup.Undo();
                Console.WriteLine($"{setup.File}: removed. Now run: make -C {parsed.GetValue(folder)} && service sendmail restart");
                return ExitCode.Done;
            }

            if (!parsed.GetValue(check) || parsed.GetValue(apply))
            {
                await ShowAsync(parsed.GetValue(config)!, SetupTexts.Milter(["example.org"], hasDetail: true), parsed.GetValue(apply), ct);
                Console.WriteLine(
                    $"\n{setup.File}, before the MAILER "
                        + $"lines{(setup.IsThere ? " (already there)" : "")}:\n{string.Join('\n', SendmailSetup.Lines)}");
            }

            if (parsed.GetValue(apply) && !setup.IsThere)
            {
                setup.Apply();
                Console.WriteLine(
                    $"\nwritten; copy of the old file: {setup.File}.before-backstop. Now run: "
                        + $"make -C {parsed.GetValue(folder)} && service sendmail "
                        + $"restart");
            }

            return parsed.GetValue(check)
                ? await CheckAsync(parsed.GetValue(config)!, parsed.GetValue(smtp)!, parsed.GetValue(recipient), ct)
                : ExitCode.Done;
        });
        return command;
    }

    private static Command Printing(string name, string description, string ours, string theirs)
    {
        var (command, apply, undo, check, config, smtp, recipient) = Make(name, description, null);

        // Not offered, and known only so that whoever tries them is told why they are missing.
        (apply.Hidden, undo.Hidden) = (true, true);
        config.Description = "Backstop's configuration.";
        command.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(apply) || parsed.GetValue(undo))
            {
                throw new CommandException(
                    ExitCode.Usage,
                    $"setup {name}: these files differ too much between installations to be changed automatically; run it without --apply "
                        + $"and --undo to print the lines");
            }

            if (!parsed.GetValue(check))
            {
                await ShowAsync(parsed.GetValue(config)!, ours, writes: false, ct);
                Console.WriteLine();
                Console.Write(theirs);
            }

            return parsed.GetValue(check)
                ? await CheckAsync(parsed.GetValue(config)!, parsed.GetValue(smtp)!, parsed.GetValue(recipient), ct)
                : ExitCode.Done;
        });
        return command;
    }

    private static (
        Command Command, Option<bool> Apply, Option<bool> Undo, Option<bool> Check, Option<string> Config, Option<string> Smtp,
        Option<string?> Recipient) Make(
        string name, string description, Option<string>? folder)
    {
        var apply = new Option<bool>("--apply") { Description = "Write the lines, and keep copies of the old files." };
        var undo = new Option<bool>("--undo") { Description = "Remove the lines." };
        var check = new Option<bool>("--check")
        {
            Description = "Send one genuine and two forged bounces through the running server, and "
            + "report what became of them."
        };
        var config = new Option<string>("--config")
        {
            Description = "Backstop's configuration; --apply creates it if it does not exist.",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultConfig
        };
        var smtp = new Option<string>("--smtp")
        {
            Description = "The loopback address at which the server takes mail from the Internet.",
            HelpName = "HOST:PORT",
            DefaultValueFactory = _ => "127.0.0.1:25"
        };
        var recipient = new Option<string?>("--recipient")
        {
            Description = "The mailbox that --check sends its bounces to.",
            HelpName = "ADDR"
        };
        var command = new Command(name, description) { apply, undo, check, config, smtp, recipient };
        if (folder is not null)
        {
            command.Add(folder);
        }

        return (command, apply, undo, check, config, smtp, recipient);
    }

    private static async Task ShowAsync(string config, string text, bool writes, CancellationToken ct)
    {
        var isThere = File.Exists(config);
        Console.WriteLine($"{config}{(isThere ? " exists already; it needs:" : writes ? ", written:" : ":")}\n{text.TrimEnd()}");
        if (writes && !isThere)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(config))!);
            await File.WriteAllTextAsync(config, text, ct);
        }

        var file = ShellWords.Quote(config);
        Console.WriteLine($"\nthen make a key once: backstop batv new-key --config {file}; and start: backstop serve --config {file}");
    }

    private static void Show(string folder, IReadOnlyList<PostfixChange> changes)
    {
        Console.WriteLine(changes.Count == 0 ? $"\n{folder}: nothing to add, all lines are there" : "");
        foreach (var file in changes.GroupBy(c => c.IsService ? "master.cf" : "main.cf"))
        {
            Console.WriteLine($"{Path.Combine(folder, file.Key)}:");
            foreach (var change in file)
            {
                Console.WriteLine($"# {change.Why}");
                Console.WriteLine(change.IsService ? $"postconf -P \"{change.Name}={change.New}\"" : $"{change.Name} = {change.New}");
            }
        }
    }

    private static async Task<int> CheckAsync(string config, string smtp, string? recipient, CancellationToken ct)
    {
        var options = CommonOptions.Read(config);
        if (!IPEndPoint.TryParse(smtp, out var server) || !IPAddress.IsLoopback(server.Address) || server.Port == 0)
        {
            throw new CommandException(
                ExitCode.Usage, $"--smtp {smtp}: not a loopback address with a port; give one such as 127.0.0.1:25");
        }

        var address = MailAddress.TryParse(recipient ?? options.Mailboxes.Keys.FirstOrDefault() ?? "")
            ?? throw new CommandException(
                ExitCode.Usage,
                "--recipient: no mailbox is given; name a mailbox of the server to send the bounces to");
        Console.WriteLine($"sent through {server} to {address}:");
        return await SetupCheck.RunAsync(options, config, server, address, ct) ? ExitCode.Done : ExitCode.Found;
    }
}
