using System.CommandLine;
using System.Text.Json;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Scan;
using Backstop.SpamRules.Learning;

namespace Backstop.Commands;

/// <summary><c>learn</c>: teaches the spam learner of a data folder. A running server takes it over within seconds.</summary>
internal static class LearnCommand
{
    /// <summary>The most messages that are learned in one transaction, and the most octets: a batch is held in memory.</summary>
    private const int Batch = 500;
    private const long BatchOctets = 16 << 20;

    public static Command Create() => new("learn", "Teach the spam learner (Bayes) from messages that people have sorted.")
    {
        Verb("spam", "These messages are spam.", true),
        Verb("ham", "These messages are wanted.", false),
        Verb("forget", "Take back what was learned of these messages.", null),
    };

    private static Command Verb(string name, string description, bool? isSpam)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "A message, - for stdin, or a folder of messages (a Maildir too).",
            Arity = ArgumentArity.OneOrMore
        };
        var mbox = new Option<bool>("--mbox") { Description = "FILE is an mbox: every message in it." };
        var (config, data, json) = (CommonOptions.Config(), CommonOptions.Data(), CommonOptions.Json());
        var user = CommonOptions.User();
        var command = new Command(name, description) { files, mbox, config, data, user, json };
        command.SetAction(async (parsed, _) =>
        {
            var options = CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data));
            using var session = SpamSession.Begin(options, parsed.GetValue(user), learns: true);
            var learner = Learner(session);
            var inputs = new Inputs(Console.Error);
            var messages = ScanInput.Read(inputs, parsed.GetValue(files)!, parsed.GetValue(mbox));
            var (count, changed) = await TeachAsync(messages, batch => learner.Read(batch, isSpam), learner.Change);
            if (count == 0)
            {
                throw new CommandException(ExitCode.NoInput, "nothing to learn: the named files contain no message");
            }

            Say(new(name, count, changed, learner.Messages.Spam, learner.Messages.Ham, learner.IsReady), learner, parsed.GetValue(json));
            return inputs.End(ExitCode.Done);
        });
        return command;
    }

    private static BayesLearner Learner(SpamSession session)
    {
        if (!session.Turn.Learns)
        {
            throw new CommandException(
                ExitCode.BadConfig, "use_bayes is 0 in the rule files or the user's preferences, so nothing is learned");
        }

        if (session is { Name: { } name, Turn.IsSites: true })
        {
            Console.Error.WriteLine(
                $"backstop: {name.Text} has no learner (spam.bayes_store and spam.users say who has); the site's is taught");
        }

        return session.Turn.Learner ?? throw new CommandException(ExitCode.BadConfig, "spam.bayes is false, so there is no learner");
    }

    // While one batch is written the next is read: the database keeps one core busy for a tenth of the time.
    private static async Task<(int Count, int Changed)> TeachAsync(
        IEnumerable<FoundMessage> messages, Func<IReadOnlyList<ReadOnlyMemory<byte>>, IReadOnlyList<BayesLesson>> read,
        Func<IReadOnlyList<BayesLesson>, int> write)
    {
        var (count, changed, writing) = (0, 0, Task.FromResult(0));
        try
        {
            foreach (var batch in Batches(messages.Where(HasText).Select(m => m.Bytes)))
            {
                var lessons = read(batch);
                changed += await writing;
                writing = Task.Run(() => write(lessons));
                count += batch.Count;
                if (batch.Count == Batch && !Console.IsErrorRedirected)
                {
                    Console.Error.WriteLine($"{count} messages ...");
                }
            }
        }
        finally
        {
            // Whatever cannot be read: the database is closed behind the last write.
            changed += await writing;
        }

        return (count, changed);
    }

    /// <summary>Divides messages into batches that fit into memory.</summary>
    internal static IEnumerable<IReadOnlyList<ReadOnlyMemory<byte>>> Batches(IEnumerable<ReadOnlyMemory<byte>> messages)
    {
        var (batch, octets) = (new List<ReadOnlyMemory<byte>>(), 0L);
        foreach (var message in messages)
        {
            batch.Add(message);
            octets += message.Length;
            if (batch.Count == Batch || octets >= BatchOctets)
            {
                yield return batch;
                (batch, octets) = ([], 0);
            }
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    // All empty files are one message, which says nothing of either kind.
    private static bool HasText(FoundMessage message)
    {
        var hasText = message.Bytes.Span.ContainsAnyExcept(" \t\r\n"u8);
        if (!hasText)
        {
            Console.Error.WriteLine($"backstop: {ShownText.Of(message.Path)}: empty; skipped");
        }

        return hasText;
    }

    private static void Say(LearnLine line, BayesLearner learner, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(line, CliJson.Default.LearnLine));
            return;
        }

        Console.WriteLine(
            $"{line.Changed} of {line.Messages} messages {(line.Kind == "forget" ? "forgotten" : "learned")}; "
                + $"{line.Messages - line.Changed} {(line.Kind == "forget" ? "had not been learned" : "had been learned before")}");
        var (spam, ham) = learner.Needed;
        Console.WriteLine(
            $"known: {line.Spam} spam, {line.Ham} wanted; the learner "
                + $"{(line.Ready ? "has its say" : $"has its say from {spam} and {ham} on")}");
    }
}
