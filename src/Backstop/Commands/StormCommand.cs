using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.State;
using Backstop.StormGenerator;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary>The verb <c>storm</c>: replays a backscatter morning against a server on this machine.</summary>
internal static class StormCommand
{
    private static readonly TimeSpan _progressEvery = TimeSpan.FromMilliseconds(200);

    private sealed record Settings(
        IPEndPoint To, string Data, string Victim, StormSize Size, StormPace Pace, int Sources, int Seed, bool Json);

    public static Command Create()
    {
        var to = new Option<string>("--to")
        {
            Description = "The server's SMTP address; loopback only.",
            HelpName = "HOST:PORT",
            DefaultValueFactory = _ => $"127.0.0.1:{Demo.SmtpPort}"
        };
        var data = new Option<string>("--data")
        {
            Description = "The server's data folder. The genuine mail is added to its journal.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Demo.DataFolder
        };
        var victim = new Option<string>("--victim")
        {
            Description = "The forged sender address: a mailbox of the server.",
            HelpName = "ADDR",
            DefaultValueFactory = _ => Demo.Mailbox
        };
        var bounces = Number("--bounces", "How many bounces for mail that was never sent.", 20000, 0, 10_000_000);
        var legit = Number("--legit", "How many mails from people.", 500, 0, 1_000_000);
        var genuine = Number("--genuine", "How many bounces for mail that was sent.", 400, 0, 1_000_000);
        var rate = new Option<double>("--rate") { Description = "The most messages a second; 0 for no limit.", HelpName = "R" };
        var connections = Number("--connections", "How many connections at the same time.", 50, 1, 5000);
        var sources = Number("--sources", "How many servers the bounces come from.", 500, 1, 30_000);
        var seed = Number("--seed", "The seed of the random numbers; the same seed makes the same storm.", 1, int.MinValue, int.MaxValue);
        var json = CommonOptions.Json();
        var command = new Command(
            "storm", "Replay a backscatter morning against a server on this machine, and report how each kind of mail fared.")
        {
            to, data, victim, bounces, legit, genuine, rate, connections, sources, seed, json,
        };
        command.SetAction((parsed, ct) => RunAsync(
            new(
                EndPoint(parsed.GetValue(to)!), parsed.GetValue(data)!, Victim(parsed.GetValue(victim)!),
                new(parsed.GetValue(bounces), parsed.GetValue(genuine), parsed.GetValue(legit)),
                new(parsed.GetValue(connections), parsed.GetValue(rate)),
                parsed.GetValue(sources), parsed.GetValue(seed), parsed.GetValue(json)),
            ct));
        return command;
    }

    private static async Task<int> RunAsync(Settings s, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var options = new BackstopOptions { Data = s.Data };
        var run = string.Create(CultureInfo.InvariantCulture, $"s{time.GetUtcNow().ToUnixTimeMilliseconds():x}");
        var sent = StormMail.MakeSent(s.Seed, run, s.Victim.Split('@')[1], Math.Max(s.Size.Genuine, 1));
        if (s.Size.Genuine > 0)
        {
            TellJournal(options, s, sent, time);
        }

        var mail = new StormMail(s.Seed, run, s.Victim, sent, Tagger(options, s.Victim, time), s.Sources, time.GetUtcNow());
        var storm = new StormSender(s.To, mail, s.Pace, time);
        var running = storm.RunAsync(StormSender.Plan(s.Seed, s.Size), ct);
        await ShowProgressAsync(storm, running, s.Size.Total, time);
        var (results, seconds) = await running;
        var maildir = Path.GetFullPath(Path.Combine(DataPaths.Mail(options), MailAddress.TryParse(s.Victim)!.Key, "Maildir"));
        var folders = await new FolderCheck(maildir, run).WaitAsync(results.Count(r => r.Code == 250), time, ct);
        var summary = new GeneratorSummary(
            Summary(results, GeneratedKind.Bounce, folders), Summary(
                results, GeneratedKind.Genuine, folders), Summary(results, GeneratedKind.Legit, folders),
            Math.Round(seconds, 2), folders is not null, folders?.Duplicates ?? 0);
        Print(summary, maildir, s.Json);
        return summary.IsLoss ? ExitCode.Found : ExitCode.Done;
    }

    private static StormKindSummary Summary(IReadOnlyCollection<StormResult> results, GeneratedKind kind, StormFolders? folders) =>
        StormKindSummary.Of([.. results.Where(r => r.Message.Kind == kind)], folders);

    private static void TellJournal(BackstopOptions options, Settings s, IReadOnlyList<SentMail> sent, TimeProvider time)
    {
        DataFolder.MakeFile(DataPaths.Journal(options));
        using var journal = new SentJournal(DataPaths.Journal(options), time, options.Journal.RecipientWindow);
        var victim = MailAddress.TryParse(s.Victim)!;
        journal.Add(sent.Select(m => new SentMessage(victim, m.MessageId, [MailAddress.TryParse(m.Recipient)!], time.GetUtcNow())));
    }

    private static Func<string>? Tagger(BackstopOptions options, string victim, TimeProvider time)
    {
        var keys = BatvKeyFile.Read(DataPaths.BatvKeys(options));
        var batv = new Batv(keys);
        var address = MailAddress.TryParse(victim)!;
        return keys.Count == 0 ? null : () => batv.Sign(address, time.GetUtcNow()).ToString();
    }

    private static async Task ShowProgressAsync(StormSender storm, Task running, int total, TimeProvider time)
    {
        if (Console.IsErrorRedirected)
        {
            await running;
            return;
        }

        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask("storm", maxValue: total);
                while (!running.IsCompleted)
                {
                    task.Value = storm.Finished;
                    await Task.WhenAny(running, Task.Delay(_progressEvery, time));
                }

                task.Value = storm.Finished;
            });
    }

    private static void Print(GeneratorSummary summary, string maildir, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(summary, CliJson.Default.GeneratorSummary));
            return;
        }

        Console.WriteLine(
            $"{"",-9}{"sent",7}{"rcpt 5xx",10}{"data 5xx",10}{"4xx",6}{"taken",7}{"failed",8}{"INBOX",7}{"filed",7}{"p50",8}{"p99 ms",8}");
        Row("bounces", summary.Bounces);
        Row("genuine", summary.Genuine);
        Row("legit", summary.Legit);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Seconds} s, "
                + $"{(summary.Bounces.Sent + summary.Genuine.Sent + summary.Legit.Sent) / Math.Max(summary.Seconds, 0.01):F0} messages/s"));
        if (!summary.FoldersChecked)
        {
            Console.WriteLine($"The folders were not checked: {maildir} does not exist. Name the server's data folder with --data.");
        }

        foreach (var (reply, count) in summary.Bounces.Replies.Concat(summary.Genuine.Replies).Concat(summary.Legit.Replies))
        {
            Console.WriteLine($"  {count,6}  {ShownText.Of(reply)}");
        }

        Console.WriteLine(summary.IsLoss ? "LOSS: wanted mail was refused, lost or filed." : "No wanted mail was lost.");
    }

    private static void Row(string name, StormKindSummary k) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-9}{k.Sent,7}{k.RefusedAtRcpt,10}{k.RefusedAtData,10}{k.Deferred,6}{k.Accepted,7}{k.Failed,8}"
            + $"{k.InInbox,7}{k.InOtherFolders,7}{k.P50Ms,8:F1}{k.P99Ms,8:F1}"));

    private static Option<int> Number(string name, string description, int value, int min, int max)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => value };
        option.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() < min || r.GetValueOrDefault<int>() > max)
            {
                r.AddError($"{name}: must be between {min} and {max}");
            }
        });
        return option;
    }

    // A storm is only sent to one's own machine.
    private static IPEndPoint EndPoint(string text)
    {
        text = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text["localhost".Length..] : text;
        return IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port != 0
            ? endPoint.Address is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetwork } address && IPAddress.IsLoopback(address)
                ? endPoint
                : throw new CommandException(
                ExitCode.Usage, $"--to {text}: not a loopback address; a storm is only sent to this machine")
            : throw new CommandException(
                ExitCode.Usage, $"--to {text}: not an address with a port; give one such as 127.0.0.1:{Demo.SmtpPort}");
    }

    private static string Victim(string text) => MailAddress.TryParse(text) is not null
        ? text
        : throw new CommandException(ExitCode.Usage, $"--victim {text}: not a mail address; write user@domain");
}
