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
/// <param name="Messages">Message-IDs known.</param>
/// <param name="Senders">What covers each address.</param>
internal sealed record JournalStats(long Messages, IReadOnlyList<SenderCoverage> Senders);

/// <summary><c>journal</c>: what was sent.</summary>
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
        var stamp = CreateStamp(parsed => CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)));
        var add = CreateAdd(parsed => CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)));
        var stats = new Command("stats", "Show how much of each address's sent mail is known.") { json };
        stats.SetAction(parsed => Stats(CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)), parsed.GetValue(json)));
        return new(
            "journal", "The journal of what was sent: it proves which bounces are yours.") { import, add, stamp, stats, config, data };
    }

    private static Command CreateImport(Func<ParseResult, BackstopOptions> options)
    {
        var folders = new Argument<string[]>("SENT_FOLDER")
        {
            Description = $"Maildir, mbox, message files, or imaps://USER@HOST/FOLDER (the password in {ImapSecret.PasswordVariable}, "
                + $"or an OAuth token in {ImapSecret.TokenVariable}; without FOLDER the server's Sent folder).",
            Arity = ArgumentArity.OneOrMore,
        };
        var all = new Option<bool>("--all") { Description = "Read everything again, not only what is new since the last import." };
        var ca = new Option<string?>("--ca")
        {
            Description = "Certificates to trust, for a server with one of its own (PEM).",
            HelpName = "FILE"
        };
        var command = new Command(
            "import", "Remember every message of a Sent folder. Safe to repeat: it goes on where it stopped.") { folders, all, ca };
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

    private static Command CreateStamp(Func<ParseResult, BackstopOptions> options)
    {
        var from = new Option<string?>("--from")
        {
            Description = "The envelope sender: the address its bounces come to. Default: the From field's.",
            HelpName = "ADDR"
        };
        var to = new Option<string[]>("--to")
        {
            Description = "Who it goes to; may be repeated. Default: the header's To, Cc and Bcc.",
            HelpName = "ADDR"
        };
        var command = new Command(
            "stamp", "Sign a message on its way from stdin to stdout, and remember it: its bounces prove themselves.") { from, to };
        command.SetAction(parsed => JournalStamp.Run(
            options(parsed), parsed.GetValue(from) is { } text ? Address(text) : null, [.. (parsed.GetValue(to) ?? []).Select(Address)]));
        return command;
    }

    private static Command CreateAdd(Func<ParseResult, BackstopOptions> options)
    {
        var from = new Option<string?>("--from") { Description = "Who sent it: the address its bounces come to.", HelpName = "ADDR" };
        var to = new Option<string[]>("--to") { Description = "Who it went to; may be repeated.", HelpName = "ADDR" };
        var id = new Option<string?>("--message-id") { Description = "Its Message-ID.", HelpName = "ID" };
        var command = new Command(
            "add", "Remember one message: given by options, or read from stdin (as from a filter that sees outgoing "
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
            using var input = Console.OpenStandardInput();
            using var message = new MemoryStream();
            input.CopyTo(message);
            sent = JournalImport.ToSent(
                SentHeader.Read(message.GetBuffer().AsSpan(0, (int)message.Length)), TimeProvider.System.GetUtcNow());
        }
        else
        {
            sent = new(Address(from), id, [.. to.Select(Address)], TimeProvider.System.GetUtcNow());
        }

        if (sent is null)
        {
            throw new CommandException(ExitCode.BadInput, "the message on stdin has no From address");
        }

        Console.WriteLine(journal.Add([sent]) == 1 ? "added" : "known already");
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
        MailAddress.TryParse(text) ?? throw new CommandException(ExitCode.Usage, $"{text}: not an address");
}
