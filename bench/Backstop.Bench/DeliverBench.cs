using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Bench;

/// <summary>
/// Deliveries a second behind the protocol: eight threads put messages into the spool, each durable before the next; the queue
/// writes them into folders, with and without recipes; the clock stops when all lie in their folders and the file system has been
/// synced.
/// </summary>
internal static class DeliverBench
{
    private const int Messages = 20_000;
    private const int Parallel = 8;
    private const int Runs = 3;

    private const string Recipes = """
        :0:
        * ^FROM_MAILER
        * ! B ?? ^Message-ID:.*@example\.org
        backscatter

        :0:
        * ^X-Spam-Level: \*\*\*\*\*\*\*
        almost-certainly-spam

        :0
        * ^List-Id:.*<\/[-a-z0-9]+
        lists.$MATCH/

        """;

    public static async Task RunAsync(string work)
    {
        Console.WriteLine("folder    recipes   messages/s   CPU ms/message");
        foreach (var format in (FolderFormat[])[FolderFormat.Maildir, FolderFormat.Mbox])
        {
            foreach (var hasRecipes in (bool[])[false, true])
            {
                var rounds = new List<(double Rate, double Cpu)>();
                for (var run = 0; run < Runs; run++)
                {
                    rounds.Add(await OnceAsync(Path.Combine(work, $"{format}-{hasRecipes}-{run}"), format, hasRecipes));
                }

                var (rate, cpu) = (
                    rounds.Select(r => r.Rate).Order().ElementAt(Runs / 2), rounds.Select(r => r.Cpu).Order().ElementAt(Runs / 2));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{format,-9} {(hasRecipes ? "3" : "none"),-7} {rate,12:F0} {cpu,16:F3}"));
            }
        }
    }

    private static async Task<(double Rate, double Cpu)> OnceAsync(string work, FolderFormat format, bool hasRecipes)
    {
        Directory.CreateDirectory(work);
        var rc = Path.Combine(work, "rc");
        await File.WriteAllTextAsync(rc, Recipes);
        var (spool, _, _) = SpoolLog.Open(Path.Combine(work, "spool"), new(), TimeProvider.System);
        using var log = spool;
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<IMeterFactory>());
        var mailbox = new Mailbox(MailAddress.TryParse("me@example.org")!, format, Path.Combine(work, "inbox"), ["me@example.org"], rc);
        var stage = hasRecipes
            ? new RecipeStage(
            [new MailboxRecipes(mailbox, new() { Hostname = "host", Data = work }, new(), TimeProvider.System, _ => { })], Parallel,
            spool, TimeProvider.System, NullLogger.Instance)
            : null;
        using var queue = new DeliveryQueue(spool, "host", TimeProvider.System, metrics, NullLogger<DeliveryQueue>.Instance, stage);
        var (began, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(i => Task.Run(() => FeedAsync(spool, queue, mailbox, i))));
        while (queue.Waiting > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        spool.Checkpoint();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return (Messages / seconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / Messages);
    }

    private static async Task FeedAsync(SpoolLog spool, DeliveryQueue queue, Mailbox mailbox, int feeder)
    {
        for (var i = 0; i < Messages / Parallel; i++)
        {
            var body = Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"From: Ann <ann@example.net>\nTo: me@example.org\nSubject: {feeder}.{i}\nMessage-ID: "
                    + $"<{feeder}.{i}@example.net>\n\n{new string('x', 70)}\n{_text}"));
            var envelope = new SpoolEnvelope(
                1_700_000_000_000, "ann@example.net", 30, null, body.Length, "Received: from a by b; now\n",
                [new(mailbox.Folder(FolderRef.Inbox), "Return-Path: <ann@example.net>\n")]);
            queue.Add(await spool.AppendAsync(spool.NextId(), envelope, body), Lane.Real);
        }
    }

    private static readonly string _text = string.Concat(Enumerable.Repeat(new string('y', 70) + "\n", 25));
}
