using System.CommandLine;
using System.Net;
using Backstop.Mail;
using Backstop.Setup;

namespace Backstop.Commands;

/// <summary><c>setup</c>: puts Backstop beside a mail server that is already there, and takes it away.</summary>
internal static class SetupCommand
{
    private const string DefaultConfig = "/etc/backstop/backstop.toml";

    public static Command Create() =>
        new(
            "setup",
            "Put Backstop beside Postfix, Sendmail, Exim or Dovecot: prints the lines, --apply writes them, --undo takes them out, "
                + "--check tries them.")
    {
        Postfix(), Sendmail(),
        Printing("exim", "Exim: the policy service at RCPT, spamd's protocol at DATA.", SetupTexts.EximConfig, SetupTexts.Exim),
        Printing("dovecot", "Dovecot: mail passes Backstop (LMTP) on its way.", SetupTexts.DovecotConfig, SetupTexts.Dovecot),
    };

    private static Command Postfix()
    {
        var folder = new Option<string>("--config-dir")
        {
            Description = "Postfix's configuration.",
            HelpName = "DIR",
            DefaultValueFactory = _ => "/etc/postfix"
        };
        var (command, apply, undo, check, config, smtp, recipient) = Make(
            "postfix", "Postfix: a milter beside those that are there.", folder);
        command.SetAction(async (parsed, ct) =>
        {
            var setup = new PostfixSetup(parsed.GetValue(folder)!);
            if (parsed.GetValue(undo))
            {
                var done = await setup.UndoAsync(ct);
                Console.WriteLine(done.Count == 0 ? "nothing of Backstop's is there" : string.Join('\n', done));
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
                    "\nwritten; main.cf and master.cf as they were: *.before-backstop. To take it out: backstop setup postfix --undo");
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
            Description = "Where sendmail.mc is.",
            HelpName = "DIR",
            DefaultValueFactory = _ => "/etc/mail"
        };
        var (command, apply, undo, check, config, smtp, recipient) = Make("sendmail", "Sendmail: a milter.", folder);
        command.SetAction(async (parsed, ct) =>
        {
            var setup = new SendmailSetup(parsed.GetValue(folder)!);
            if (parsed.GetValue(undo))
            {
                setup.Undo();
                Console.WriteLine($"{setup.File}: taken out. Now: make -C {parsed.GetValue(folder)} && service sendmail restart");
                return ExitCode.Done;
            }

            if (!parsed.GetValue(check) || parsed.GetValue(apply))
            {
                await ShowAsync(parsed.GetValue(config)!, SetupTexts.Milter(["example.org"], hasDetail: true), parsed.GetValue(apply), ct);
                Console.WriteLine(
                    $"\n{setup.File}, before the MAILER "
                        + $"lines{(setup.IsThere ? " (there already)" : "")}:\n{string.Join('\n', SendmailSetup.Lines)}");
            }

            if (parsed.GetValue(apply) && !setup.IsThere)
            {
                setup.Apply();
                Console.WriteLine(
                    $"\nwritten; as it was: {setup.File}.before-backstop. Now: make -C {parsed.GetValue(folder)} && service sendmail "
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
        command.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(apply) || parsed.GetValue(undo))
            {
                throw new CommandException(
                    ExitCode.Usage,
                    $"setup {name}: its files differ too much from one installation to the next to be written for you; without --apply "
                        + $"the lines are printed");
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
        var apply = new Option<bool>("--apply") { Description = "Write the lines; what was there is kept beside." };
        var undo = new Option<bool>("--undo") { Description = "Take them out." };
        var check = new Option<bool>("--check")
        {
            Description = "Send a genuine and two forged bounces through the live server, and "
            + "say what became of them."
        };
        var config = new Option<string>("--config")
        {
            Description = "Backstop's configuration; made by --apply where it is not there.",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultConfig
        };
        var smtp = new Option<string>("--smtp")
        {
            Description = "Where the server listens for strangers; loopback.",
            HelpName = "HOST:PORT",
            DefaultValueFactory = _ => "127.0.0.1:25"
        };
        var recipient = new Option<string?>("--recipient")
        {
            Description = "The mailbox that the bounces of --check go to.",
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
        Console.WriteLine($"{config}{(isThere ? " is there already; it needs:" : writes ? ", written:" : ":")}\n{text.TrimEnd()}");
        if (writes && !isThere)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(config))!);
            await File.WriteAllTextAsync(config, text, ct);
        }

        Console.WriteLine($"\nthen, once: backstop batv new-key --config {config}; and: backstop serve --config {config}");
    }

    private static void Show(string folder, IReadOnlyList<PostfixChange> changes)
    {
        Console.WriteLine(changes.Count == 0 ? $"\n{folder}: all lines are there" : "");
        foreach (var file in changes.GroupBy(c => c.IsService ? "master.cf" : "main.cf"))
        {
            Console.WriteLine($"{Path.Combine(folder, file.Key)}:");
            foreach (var change in file)
            {
                Console.WriteLine(
                    $"# {change.Why}\n{(change.IsService ? $"postconf -P \"{change.Name}={change.New}\"" : $"{change.Name} = {change.New}")}");
            }
        }
    }

    private static async Task<int> CheckAsync(string config, string smtp, string? recipient, CancellationToken ct)
    {
        var options = CommonOptions.Read(config);
        if (!IPEndPoint.TryParse(smtp, out var server) || !IPAddress.IsLoopback(server.Address) || server.Port == 0)
        {
            throw new CommandException(ExitCode.Usage, $"--smtp {smtp}: wants an address of this host with its port, such as 127.0.0.1:25");
        }

        var address = MailAddress.TryParse(recipient ?? options.Mailboxes.Keys.FirstOrDefault() ?? "")
            ?? throw new CommandException(ExitCode.Usage, "--recipient: wants a mailbox of the server; the bounces go there");
        Console.WriteLine($"through {server} to {address}:");
        return await SetupCheck.RunAsync(options, server, address, ct) ? ExitCode.Done : ExitCode.Found;
    }
}
