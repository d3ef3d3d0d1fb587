using System.CommandLine;
using System.Text.Json;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Server;
using Backstop.Server.Options;
using Backstop.State;

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
        var folders = new Argument<string[]>("SENT_FOLDER") { Description = "Maildir, mbox or message files.", Arity = ArgumentArity.OneOrMore };
        var import = new Command("import", "Remember every message of a Sent folder. Safe to repeat.") { folders };
        import.SetAction(parsed => Import(CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)), parsed.GetValue(folders)!));
        var add = CreateAdd(parsed => CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)));
        var stats = new Command("stats", "Show how much of each address's sent mail is known.") { json };
        stats.SetAction(parsed => Stats(CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)), parsed.GetValue(json)));
        return new("journal", "The journal of what was sent: it proves which bounces are yours.") { import, add, stats, config, data };
    }

    private static Command CreateAdd(Func<ParseResult, BackstopOptions> options)
    {
        var from = new Option<string?>("--from") { Description = "Who sent it: the address its bounces come to.", HelpName = "ADDR" };
        var to = new Option<string[]>("--to") { Description = "Who it went to; may be repeated.", HelpName = "ADDR" };
        var id = new Option<string?>("--message-id") { Description = "Its Message-ID.", HelpName = "ID" };
        var command = new Command("add", "Remember one message: given by options, or read from stdin (as from a filter that sees outgoing mail).") { from, to, id };
        command.SetAction(parsed => Add(options(parsed), parsed.GetValue(from), parsed.GetValue(to) ?? [], parsed.GetValue(id)));
        return command;
    }

    private static int Import(BackstopOptions options, string[] folders)
    {
        using var journal = Open(options);
        foreach (var folder in folders)
        {
            if (!Path.Exists(folder))
            {
                throw new CommandException(ExitCode.NoInput, $"{folder}: no such file or folder");
            }

            var seen = 0;
            var added = journal.Add(MessageFiles.Read(folder).Select(m => SentHeader.Read(m.Bytes.Span)).Select(h => { seen++; return ToSent(h); }).OfType<SentMessage>());
            Console.WriteLine($"{folder}: {seen} messages, {added} new");
        }

        return ExitCode.Done;
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
            sent = ToSent(SentHeader.Read(message.GetBuffer().AsSpan(0, (int)message.Length)));
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

        Console.WriteLine($"{stats.Messages} messages known");
        foreach (var sender in stats.Senders)
        {
            Console.WriteLine($"{sender.Address}: {sender.Messages} messages, {sender.First:yyyy-MM-dd} to {sender.Last:yyyy-MM-dd}");
        }

        return ExitCode.Done;
    }

    private static SentMessage? ToSent(SentHeader header) => header.From is null
        ? null
        : new(header.From, header.MessageId, header.Recipients, header.Date ?? TimeProvider.System.GetUtcNow());

    private static SentJournal Open(BackstopOptions options) => new(DataPaths.Journal(options), TimeProvider.System, options.Journal.RecipientWindow);

    private static MailAddress Address(string text) =>
        MailAddress.TryParse(text) ?? throw new CommandException(ExitCode.Usage, $"{text}: not an address");
}
