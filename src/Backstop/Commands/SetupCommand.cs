using System.CommandLine;
using System.Net;
using Backstop.Setup;

namespace Backstop.Commands;

/// <summary>The verb <c>setup</c>: adds Backstop to a mail server's configuration, and removes it.</summary>
internal static class SetupCommand
{
    public static Command Create() =>
        new(
            "setup",
            "Put Backstop beside Postfix, Sendmail, Exim or Dovecot: print the lines to add, make Backstop's own side with --prepare, "
                + "write them with --apply and remove them with --undo (Postfix and Sendmail), test them with --check.")
    {
        SetupPostfix.Create(), Sendmail(),
        Printing(
            "exim", "Exim: asks the policy service at RCPT, and scans by spamd's protocol at DATA.",
            SetupTexts.EximConfig, SetupTexts.Exim),
        Printing(
            "dovecot", "Dovecot: mail passes through Backstop (LMTP) on its way.", SetupTexts.DovecotConfig, _ => SetupTexts.Dovecot),
    };

    private static Command Sendmail()
    {
        var folder = new Option<string>("--config-dir")
        {
            Description = "The folder with sendmail.mc.",
            HelpName = "DIR",
            DefaultValueFactory = _ => "/etc/mail"
        };
        var options = new SetupOptions();
        var command = options.Make("sendmail", "Sendmail: adds a milter.", folder);
        command.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(options.Undo))
            {
                var setup = new SendmailSetup(parsed.GetValue(folder)!, new(IPAddress.Loopback, SetupPorts.Milter));
                setup.Undo();
                Console.WriteLine($"{setup.File}: removed. Now run: make -C {parsed.GetValue(folder)} && service sendmail restart");
                return ExitCode.Done;
            }

            if (!parsed.GetValue(options.Check) || parsed.GetValue(options.Apply) || parsed.GetValue(options.Prepare))
            {
                await WriteSendmailAsync(parsed, options, folder, ct);
            }

            return parsed.GetValue(options.Check) ? await options.CheckAsync(parsed, ct) : ExitCode.Done;
        });
        return command;
    }

    private static async Task WriteSendmailAsync(
        ParseResult parsed, SetupOptions options, Option<string> folder, CancellationToken ct)
    {
        var config = parsed.GetValue(options.Config)!;
        var ours = new OwnSide(config);
        var setup = new SendmailSetup(parsed.GetValue(folder)!, ours.MilterPlace(options.Existing(parsed), "Sendmail"));
        var domains = new DomainList([.. options.Domains(parsed).Concat(setup.Domains()).Distinct(StringComparer.OrdinalIgnoreCase)], []);
        await options.OwnAsync(parsed, SetupTexts.Milter(domains.Names, hasDetail: true, setup.Daemons(), []), domains, ct);
        Console.WriteLine(
            $"\n{setup.File}, before the MAILER lines{(setup.IsThere ? " (already there)" : "")}:\n"
                + string.Join('\n', setup.Lines));
        if (!parsed.GetValue(options.Apply) || setup.IsThere)
        {
            return;
        }

        await ours.RequireAsync(CommonOptions.Read(config), "Sendmail", ct);
        setup.Apply();
        Console.WriteLine(
            $"\nwritten; copy of the old file: {setup.File}.before-backstop. Now run: make -C {parsed.GetValue(folder)} && "
                + "service sendmail restart. "
                + $"To remove Backstop again: backstop setup sendmail --undo{GivenOptions.Of(parsed, [folder])}");
    }

    private static Command Printing(
        string name, string description, Func<IReadOnlyList<string>, string> ours, Func<IReadOnlyList<string>, string> theirs)
    {
        var options = new SetupOptions();
        var command = options.Make(name, description);

        // Hidden: they exist only to tell whoever tries them why they are not offered.
        (options.Apply.Hidden, options.Undo.Hidden) = (true, true);
        options.Prepare.Description = SetupOptions.PrepareAlone;
        command.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(options.Apply) || parsed.GetValue(options.Undo))
            {
                throw new CommandException(
                    ExitCode.Usage,
                    $"setup {name}: these files differ too much between installations to be changed automatically; run it without --apply "
                        + $"and --undo to print the lines");
            }

            if (!parsed.GetValue(options.Check) || parsed.GetValue(options.Prepare))
            {
                IReadOnlyList<string> named = options.Domains(parsed) is { Count: > 0 } given ? given
                    : options.Existing(parsed)?.Domains ?? [];
                IReadOnlyList<string> shown = named.Count > 0 ? named : ["example.org"];
                await options.OwnAsync(parsed, ours(shown), new(named, []), ct);
                Console.WriteLine();
                Console.Write(theirs(shown));
            }

            return parsed.GetValue(options.Check) ? await options.CheckAsync(parsed, ct) : ExitCode.Done;
        });
        return command;
    }
}
