using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Server;
using Backstop.Server.Options;
using Backstop.State;

namespace Backstop.Commands;

/// <summary><c>explain</c>: what a message is, and what would be done with it.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "A message, - for stdin, a Maildir, an mbox or a folder of messages.", Arity = ArgumentArity.OneOrMore };
        var config = CommonOptions.Config();
        var journal = new Option<string?>("--journal") { Description = "Data folder with the journal and the tag keys. Default: none, so nothing is proved.", HelpName = "DIR" };
        var json = CommonOptions.Json();
        var command = new Command("explain", "Say what a message is and what would be done with it: exit 1 where something would not go to INBOX.") { files, config, journal, json };
        command.SetAction(parsed => Run(parsed.GetValue(files)!, parsed.GetValue(config), parsed.GetValue(journal), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string[] files, string? config, string? data, bool json)
    {
        var options = CommonOptions.ReadForData(config, data);
        using var journal = data is null && config is null ? null : OpenJournal(options);
        var judge = new Judge(
            journal is null ? new NoJournal() : new JournalProof(journal), options.Backscatter.Unproved, options.Backscatter.CoverAge, options.Backscatter.CoverMessages);
        var batv = new Batv(journal is null ? [] : BatvKeyFile.Read(DataPaths.BatvKeys(options)), options.Batv.LifetimeDays);
        var found = false;
        foreach (var message in files.SelectMany(Read))
        {
            var explanation = Explain(message, judge, batv, options);
            found |= explanation.Verdict != "deliver";
            Print(explanation, json);
        }

        return found ? ExitCode.Found : ExitCode.Done;
    }

    private static Explanation Explain(FoundMessage message, Judge judge, Batv batv, BackstopOptions options)
    {
        var started = Stopwatch.GetTimestamp();
        var bytes = message.Bytes.Span;
        var fields = new List<HeaderField>();
        HeaderScan.Scan(bytes, fields);
        var to = fields.Text(bytes, "Delivered-To"u8) ?? fields.Text(bytes, "X-Original-To"u8) ?? fields.Text(bytes, "To"u8);
        var address = MailAddress.TryParse(to is null ? "" : HeaderText.FirstAddress(to) ?? "");
        var tag = address is null ? null : BatvTag.TryParse(address);
        var now = TimeProvider.System.GetUtcNow();
        var report = BounceClassifier.Classify(message.Bytes, nullReversePath: null);
        var envelope = new Envelope(IsRole: false, tag is null ? BatvOutcome.None : batv.Check(tag, now), Ours(tag?.Original ?? address, options));
        var (verdict, proofs) = judge.Decide(report, envelope, now);
        return Explanation.Of(message.Path, report, verdict, proofs, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private static IReadOnlyList<string> Ours(MailAddress? address, BackstopOptions options)
    {
        if (options.Mailboxes.Count > 0 && address is not null && new Recipients(options).Find(address) is { } known)
        {
            return known.Mailbox.Keys;
        }

        return address is null ? [""] : [address.Key];
    }

    private static IEnumerable<FoundMessage> Read(string path)
    {
        if (path == "-")
        {
            using var input = Console.OpenStandardInput();
            using var message = new MemoryStream();
            input.CopyTo(message);
            return [new("-", message.ToArray())];
        }

        return Path.Exists(path) ? MessageFiles.Read(path) : throw new CommandException(ExitCode.NoInput, $"{path}: no such file or folder");
    }

    private static void Print(Explanation e, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(e, CliJson.Default.Explanation));
            return;
        }

        Console.WriteLine(e.Path);
        Console.WriteLine($"  kind     {e.Kind}{(e.Format.Length > 0 ? $" ({e.Format})" : "")}, null sender: {e.NullReversePath switch { true => "yes", false => "no", _ => "not known" }}");
        foreach (var recipient in e.Recipients)
        {
            Console.WriteLine($"  about    {recipient.Address} {recipient.Action} {recipient.Status} {recipient.Diagnostic}".TrimEnd());
        }

        if (e.Returned.Carrier != "none")
        {
            Console.WriteLine($"  returns  <{e.Returned.MessageId}> \"{e.Returned.Subject}\" to {e.Returned.To} ({e.Returned.Carrier})");
        }

        foreach (var proof in e.Proofs)
        {
            Console.WriteLine($"  proof    {proof.Proof}: {proof.Result}{(proof.Detail.Length > 0 ? $" ({proof.Detail})" : "")}");
        }

        Console.WriteLine($"  verdict  {e.Verdict}{(e.Folder.Length > 0 ? $" to {e.Folder}" : "")}, because {e.Reason}");
    }

    private static SentJournal OpenJournal(BackstopOptions options) => File.Exists(DataPaths.Journal(options))
        ? new(DataPaths.Journal(options), TimeProvider.System, options.Journal.RecipientWindow)
        : throw new CommandException(ExitCode.NoInput, $"{DataPaths.Journal(options)}: no journal there");

    /// <summary>Knows nothing: every bounce is without proof.</summary>
    private sealed class NoJournal : ISentJournal
    {
        public bool HasMessageId(string messageId) => false;

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => false;

        public Coverage Coverage(string ours) => default;
    }
}
