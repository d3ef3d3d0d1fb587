using System.Collections.Concurrent;
using System.CommandLine;
using System.Runtime.ExceptionServices;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Explain;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.State;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary>The verb <c>explain</c>: says what a message is, and what would be done with it.</summary>
internal static class ExplainCommand
{
    // Large enough that handing a batch to another thread costs little, small enough that a batch of large messages
    // fits into memory.
    private const int MaxBatch = 64;
    private const int MaxBatchSize = 1 << 20;

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "A message, - for stdin, a Maildir, an mbox or a folder of messages.",
            Arity = ArgumentArity.OneOrMore
        };
        var config = CommonOptions.Config();
        var journal = new Option<string?>("--journal")
        {
            Description = "The data folder with the journal and the tag keys. Default: none, so that nothing is proved.",
            HelpName = "DIR"
        };
        var to = new Option<string?>("--to")
        {
            Description = "The envelope recipient. Default: taken from the header (X-Original-To, Delivered-To, Envelope-To, To).",
            HelpName = "ADDR"
        };
        var ownField = CommonOptions.OwnField();
        var nullSender = new Option<bool?>("--null-sender")
        {
            Description = "Whether the envelope sender was <>: true or false. Default: taken from Return-Path.",
            HelpName = "BOOL",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "explain",
            "Say what a message is, what it proves and what would be done with it: exit 1 if a message would not go to INBOX.")
        {
            files, config, journal, to, nullSender, ownField, json,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(files)!, parsed.GetValue(config), parsed.GetValue(journal),
            new(Address(parsed.GetValue(to)), parsed.GetValue(nullSender)), parsed.GetValue(ownField), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string[] files, string? config, string? data, KnownEnvelope known, string[]? ownFields, bool json)
    {
        var options = CommonOptions.ReadForData(config, data);
        CommonOptions.AddOwnFields(options, ownFields);
        using var journal = data is null && config is null ? null : OpenJournal(options, mustBe: data is not null);

        // A server whose journal was lost files what it would refuse otherwise; explain must say the same.
        var path = DataPaths.Journal(options);
        ISentJournal sent = journal is null
            ? new NoJournal()
            : new JournalProof(journal, new("journal", path, TimeProvider.System), options.Backscatter.ProofWindow);
        var proving = data is null && config is null ? Proving.Create(options, sent, []) : Proving.Create(options, sent);
        var inputs = new Inputs(Console.Error);
        var explainer = new Explainer(options, proving, TimeProvider.System);

        // Explanations come in the order of the messages, and are made on all cores. One thread at a time reads files,
        // and only as many batches as there are cores.
        var messages = inputs.Read(inputs.Files(files), f => f == "-" ? [Inputs.Stdin()] : MessageFiles.ReadFile(f));
        var explanations = Partitioner.Create(Batches(messages), EnumerablePartitionerOptions.NoBuffering)
            .AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount).WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .Select(batch => batch.ConvertAll(m => explainer.Explain(m, known))).AsSequential().SelectMany(batch => batch);
        try
        {
            return inputs.End((json ? WriteJson(explanations) : WritePages(explanations)) ? ExitCode.Found : ExitCode.Done);
        }
        catch (AggregateException error)
        {
            // Several threads may fail for the same cause; the first failure is enough for the message.
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
            throw;
        }
    }

    private static MailAddress? Address(string? text) =>
        text is null ? null : MailAddress.TryParse(text) ?? throw new CommandException(
            ExitCode.Usage, $"{text}: not a mail address; write user@domain");

    private static IEnumerable<List<FoundMessage>> Batches(IEnumerable<FoundMessage> messages)
    {
        var batch = new List<FoundMessage>();
        var size = 0;
        foreach (var message in messages)
        {
            batch.Add(message);
            size += message.Bytes.Length;
            if (batch.Count >= MaxBatch || size >= MaxBatchSize)
            {
                yield return batch;
                batch = [];
                size = 0;
            }
        }

        yield return batch;
    }

    private static bool WriteJson(IEnumerable<Explanation> explanations)
    {
        using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
        var found = false;
        foreach (var explanation in explanations)
        {
            found |= explanation.Verdict != "deliver";
            output.Write(explanation.ToJsonLine());
        }

        return found;
    }

    // One message is shown as a page; several as one line each, and the sums.
    private static bool WritePages(IEnumerable<Explanation> explanations)
    {
        var sums = new SortedDictionary<string, int>(StringComparer.Ordinal);
        Explanation? first = null;
        using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        foreach (var explanation in explanations)
        {
            if (sums.Count == 0)
            {
                first = explanation;
            }
            else
            {
                output.WriteLine(
                    (first is null ? "" : ExplanationPage.Line(first) + "\n") + ExplanationPage.Line(explanation));
                first = null;
            }

            var sum = $"{explanation.Verdict} {explanation.Kind}";
            sums[sum] = sums.GetValueOrDefault(sum) + 1;
        }

        if (first is not null)
        {
            ExplanationPage.WritePage(AnsiConsole.Console, first);
        }
        else if (sums.Count > 0)
        {
            output.WriteLine(string.Join(", ", sums.Select(s => $"{s.Value} {s.Key}")));
        }

        return sums.Keys.Any(k => !k.StartsWith("deliver", StringComparison.Ordinal));
    }

    // A server that has never run has no journal yet. A data folder that is named with an option must have one.
    private static SentJournal? OpenJournal(BackstopOptions options, bool mustBe) =>
        File.Exists(DataPaths.Journal(options)) ? new(DataPaths.Journal(options), TimeProvider.System, options.Journal.RecipientWindow)
        : mustBe ? throw new CommandException(
            ExitCode.NoInput, $"{DataPaths.Journal(options)}: no such journal; name a server's data folder")
        : null;

    /// <summary>A journal that knows no sent mail, so that no bounce is proved by it.</summary>
    private sealed class NoJournal : ISentJournal
    {
        public bool HasMessageId(string messageId) => false;

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => false;

        public Coverage Coverage(string ours) => default;
    }
}
