using System.CommandLine;
using Backstop.Clean.Running;
using Backstop.Configuration;
using Backstop.State;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>The verb <c>clean</c>: moves backscatter out of mailboxes.</summary>
internal static class CleanCommand
{
    public static Command Create()
    {
        var mailboxes = new Argument<string[]>("MAILBOX")
        {
            Description = "A Maildir with its folders, an mbox, or imaps://USER@HOST/FOLDER.",
            Arity = ArgumentArity.ZeroOrMore
        };
        var all = new CleanArguments();
        var command = new Command(
            "clean",
            "Move backscatter, the answers to mail you never sent, out of a mailbox. "
                + "Without --apply nothing changes: it shows what is there, "
                + "and exits with 1 if there is backscatter. Every run can be taken back.") { mailboxes };
        all.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(mailboxes) is not { Length: > 0 } && result.GetValue(all.Undo) is null)
            {
                result.AddError("clean: no mailbox is given; name a Maildir, an mbox, or imaps://USER@HOST/FOLDER");
            }
        });
        command.SetAction((parsed, ct) => parsed.GetValue(all.Undo) is { } run
            ? UndoCommand.RunAsync(all.Store(parsed), run, parsed.GetValue(all.Json), parsed.GetValue(all.Ca), ct)
            : RunAsync(parsed, all, parsed.GetValue(mailboxes)!, ct));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CleanArguments all, string[] mailboxes, CancellationToken ct)
    {
        var (options, show) = (all.Read(parsed), all.ReadOutput(parsed, mailboxes.Length));
        var (config, data) = (parsed.GetValue(all.Config), parsed.GetValue(all.Journal));
        var server = CommonOptions.ReadForData(config, data);
        CommonOptions.AddOwnFields(server, parsed.GetValue(all.OwnField));
        using var journal = config is null && data is null
            ? null
            : OpenJournal(DataPaths.Journal(server), server.Journal.RecipientWindow, mustBe: data is not null);
        var (store, access) = (all.Store(parsed), ServerAccess.Of(parsed.GetValue(all.Ca)));
        var engine = new CleanEngine(server, config is not null || data is not null, journal, access, TimeProvider.System);
        var session = new CleanSession(
            options, show, new(options, engine, store, TimeProvider.System) { UndoOptions = show.RepeatedByUndo },
            Console.OpenStandardOutput, TimeProvider.System);
        var sources = new MailSources(store, access, TimeProvider.System);
        if (options.Target.Folder.Length == 0 || options.Target.Folder.Equals("INBOX", StringComparison.OrdinalIgnoreCase)
            || Array.Exists(mailboxes, m => Directory.Exists(m) && options.Target.Folder.Split('/').Contains("..")))
        {
            throw new CommandException(
                ExitCode.Usage,
                $"--to {options.Target.Folder}: not a folder for backscatter; name another one, such as --to Backscatter");
        }

        // Checked before moving, which may take an hour, rather than after it.
        foreach (
            var file in show.Hosts.Select(h => h.Path).Append(show.Report).OfType<string>().Where(f =>
                f != "-" && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(f)))))
        {
            throw new CommandException(ExitCode.CannotCreate, $"{file}: the folder of this file does not exist; create it");
        }

        using var stop = Interrupts.Of(ct);
        var (inputs, found) = (new Inputs(Console.Error), false);
        await inputs.EachAsync(mailboxes, async mailbox =>
        {
            await using var source = await sources.OpenAsync(mailbox, options, stop.Token);
            found |= await session.RunAsync(source, stop.Token);
        }, stop.Token);
        return inputs.End(found ? ExitCode.Found : ExitCode.Done);
    }

    private static SentJournal? OpenJournal(string path, TimeSpan window, bool mustBe) =>
        File.Exists(path) ? new(path, TimeProvider.System, window)
        : mustBe ? throw new CommandException(ExitCode.NoInput, $"{path}: no such journal; name a server's data folder")
        : null;
}
