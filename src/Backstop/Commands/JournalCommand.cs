using System.CommandLine;
using System.Text.Json;
using Backstop.Clean.Imap;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.State;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>JSON of <c>journal stats</c>.</summary>
/// <param name="Messages">How many Message-IDs are known.</param>
/// <param name="Senders">How much of each address's sent mail is known.</param>
internal sealed record JournalStats(long Messages, IReadOnlyList<SenderCoverage> Senders);

/// <summary>The verb <c>journal</c>: fills the journal of sent mail, and shows what it knows.</summary>
internal static class JournalCommand
{
    public static Command Create()
    {
        var config = CommonOptions.Config();
        config.Recursive = true;
        var data = CommonOptions.Data();
        data.Recursive = true;
        var json = CommonOptions.Json();
        var import = CreateImport(parsed => CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)));
        var stamp = CreateStamp(
            parsed => CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)),
            parsed => GivenOptions.Of(parsed, [config, data]));
        var add = CreateAdd(parsed => CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)));
        var stats = new Command("stats", "Show how much of the sent mail of each address is known.") { json };
        stats.SetAction(parsed => Stats(CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)), parsed.GetValue(json)));
        return new(
            "journal", "The journal of sent mail, which proves that a bounce is yours.") { import, add, stamp, stats, config, data };
    }

    private static Command CreateImport(Func<ParseResult, BackstopOptions> options)
    {
        var folders = new Argument<string[]>("SENT_FOLDER")
        {
            Description = $"Maildir, mbox, message files, or imaps://USER@HOST/FOLDER (the password in {ImapSecret.PasswordVariable}, "
            + $"or an OAuth token in {ImapSecret.TokenVariable}; without FOLDER, the server's Sent folder).",
            Arity = ArgumentArity.OneOrMore,
        };
        var all = new Option<bool>("--all") { Description = "Read all messages again, not only those that are new since the last import." };
        var ca = new Option<string?>("--ca")
        {
            Description = "Certificates to trust, for a server with its own CA (PEM).",
            HelpName = "FILE"
        };
        var command = new Command(
            "import", "Remember every message of a Sent folder. Safe to repeat: it continues where it stopped.") { folders, all, ca };
        command.SetAction(async (parsed, ct) =>
        {
            using var journal = Open(options(parsed));
            var inputs = new Inputs(Console.Error);
            var import = new JournalImport(
                journal, inputs, parsed.GetValue(all), ServerAccess.Of(parsed.GetValue(ca)), TimeProvider.System);
            await inputs.EachAsync(parsed.GetValue(folders)!, f => import.RunAsync(f, ct), ct);
            return inputs.End(ExitCode.Done);
        });
        return command;
    }

    private static Command CreateStamp(Func<ParseResult, BackstopOptions> options, Func<ParseResult, string> given)
    {
        var from = new Option<string?>("--from")
        {
            Description = "The envelope sender, which bounces come to. Default: the address in From.",
            HelpName = "ADDR"
        };
        var to = new Option<string[]>("--to")
        {
            Description = "A recipient; may be repeated. Default: those in To, Cc and Bcc.",
            HelpName = "ADDR"
        };
        var command = new Command(
            "stamp", "Sign a message on its way from stdin to stdout, and remember it, so that its bounces prove themselves.") { from, to };
        command.SetAction(parsed => JournalStamp.Run(
            options(parsed), parsed.GetValue(from) is { } text ? Address(text) : null, [.. (parsed.GetValue(to) ?? []).Select(Address)],
            given(parsed)));
        return command;
    }

    private static Command CreateAdd(Func<ParseResult, BackstopOptions> options)
    {
        var from = new Option<string?>("--from") { Description = "The envelope sender, which bounces come to.", HelpName = "ADDR" };
        var to = new Option<string[]>("--to") { Description = "A recipient; may be repeated.", HelpName = "ADDR" };
        var id = new Option<string?>("--message-id") { Description = "The Message-ID of the message.", HelpName = "ID" };
        var command = new Command(
            "add", "Remember one message, given by options or read from stdin (as from a filter for outgoing "
                + "mail).") { from, to, id };
        command.SetAction(parsed => Add(options(parsed), parsed.GetValue(from), parsed.GetValue(to) ?? [], parsed.GetValue(id)));
        return command;
    }

    private static int Add(BackstopOptions options, string? from, string[] to, string? id)
    {
        using var journal = Open(options);
        SentMessage? sent;
        if (from is null)
        {
            sent = JournalImport.ToSent(SentHeader.Read(BoundedInput.ReadHeader()), TimeProvider.System.GetUtcNow());
        }
        else
        {
            sent = new(Address(from), id, [.. to.Select(Address)], TimeProvider.System.GetUtcNow());
        }

        if (sent is null)
        {
            throw new CommandException(ExitCode.BadInput, "the message on stdin has no From address; give --from ADDR");
        }

        Console.WriteLine(journal.Add([sent]) == 1 ? "added" : "already known");
        return ExitCode.Done;
    }

    private static int Stats(BackstopOptions options, bool json)
    {
        using var journal = Open(options);
        var stats = new JournalStats(journal.CountMessages(), journal.Senders());
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(stats, CliJson.Default.JournalStats));
            return ExitCode.Done;
        }

        var rule = Proving.Cover(options.Backscatter);
        Console.WriteLine($"{stats.Messages} messages known");
        foreach (var sender in stats.Senders)
        {
            var cover = rule.Judge(
                new(sender.Messages, sender.First, sender.Replies, sender.RepliesToKnown), TimeProvider.System.GetUtcNow());
            Console.WriteLine(
                $"{ShownText.Of(sender.Address)}: {sender.Messages} messages, {sender.First:yyyy-MM-dd} to {sender.Last:yyyy-MM-dd}");
            Console.WriteLine($"  {(cover.IsCovered ? "covered" : "not covered")}: {cover.Why}");
        }

        return ExitCode.Done;
    }

    private static SentJournal Open(BackstopOptions options)
    {
        DataFolder.MakeFile(DataPaths.Journal(options));
        return new(DataPaths.Journal(options), TimeProvider.System, options.Journal.RecipientWindow);
    }

    private static MailAddress Address(string text) =>
        MailAddress.TryParse(text) ?? throw new CommandException(ExitCode.Usage, $"{text}: not a mail address; write user@domain");
}
